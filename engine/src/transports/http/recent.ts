/** What was read lately, kept so that a flood of requests costs one query. */
export interface Recent<T> {
  /** What is known, read anew when it is too old. @throws what reading throws, while nothing is known yet */
  get(): Promise<T>;
  /** Has it read anew with the next question. */
  forget(): void;
}

interface Known<T> {
  readonly value: T;
  readonly readAtMs: number;
  /** How often it had been forgotten when it was asked for. */
  readonly generation: number;
}

/** Keeps what `read` answers for `ageMsMax`; while reading fails, what was known before holds. */
export function createRecent<T>(
  read: () => Promise<T>,
  ageMsMax: number,
  monotonicMs: () => number = () => performance.now(),
): Recent<T> {
  let known: Known<T> | null = null;
  let generation = 0;
  let reading: Promise<Known<T>> | null = null;

  const readNow = async (): Promise<Known<T>> => {
    const asked = generation;
    try {
      known = { value: await read(), readAtMs: monotonicMs(), generation: asked };
    } catch (error) {
      if (known === null) throw error;
    } finally {
      reading = null;
    }
    return known;
  };
  const isFresh = ({ readAtMs, generation: asked }: Known<T>): boolean =>
    asked === generation && monotonicMs() - readAtMs <= ageMsMax;
  return {
    async get() {
      if (known !== null && isFresh(known)) return known.value;
      const found = await (reading ??= readNow());
      // What was under way already when it was forgotten says nothing new; what is asked for now does.
      return (found.generation === generation ? found : await (reading ??= readNow())).value;
    },
    forget() {
      generation++;
    },
  };
}
