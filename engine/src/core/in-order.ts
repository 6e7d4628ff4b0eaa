/**
 * Work of one key in the order in which it came, one piece at a time; different keys beside each other.
 * Q1  A piece of work begins when all before it of its key have ended, whether they went well or not.
 * Q2  At most `concurrencyMax` pieces are at work at once. Whoever has work next takes the place that is free, in order of arrival.
 * Q3  What waits is not bounded here: whoever brings work waits for its end, and so bounds it.
 */
export class InOrder {
  readonly #concurrencyMax: number;
  /** By key, what waits behind the piece that is at work. */
  readonly #waiting = new Map<string, Piece[]>();
  /** First pieces of their keys that wait for a free place. */
  #ready: Piece[] = [];
  #atWork = 0;
  #idle: (() => void)[] = [];

  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax;
  }

  /** Pieces at work now. */
  get atWork(): number {
    return this.#atWork;
  }

  /** Does a piece of work when its turn has come, and answers what came of it. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const begin = async (): Promise<void> => {
        try {
          resolve(await work());
        } catch (error) {
          reject(error as Error);
        }
      };
      const piece: Piece = { key, begin };
      const behind = this.#waiting.get(key);
      if (behind !== undefined) {
        behind.push(piece);
        return;
      }
      this.#waiting.set(key, []);
      this.#ready.push(piece);
      this.#pump();
    });
  }

  /** Resolves when nothing is at work and nothing waits. */
  idle(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#idle.push(resolve));
  }

  #pump(): void {
    const free = this.#concurrencyMax - this.#atWork;
    for (const piece of this.#ready.splice(0, free)) {
      this.#atWork++;
      void piece.begin().then(() => this.#ended(piece.key));
    }
  }

  #ended(key: string): void {
    this.#atWork--;
    const next = this.#waiting.get(key)?.shift();
    if (next === undefined) this.#waiting.delete(key);
    else this.#ready.push(next);
    this.#pump();
    if (this.#waiting.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

interface Piece {
  readonly key: string;
  /** Never rejects. */
  begin(): Promise<void>;
}
