/** The calls that the batch loop waits for, each with a place before it and one after it where the process can end. */
import type { Store, TransactionalParticipant, Transport } from "@sluice/engine";

type StoreWriter = Awaited<ReturnType<Store["openWriter"]>>;
type Batch = ReturnType<StoreWriter["openBatch"]>;

export class CallCounter {
  readonly #die: () => void;
  #calls: string[] = [];
  #diesAt: number | null = null;

  /** `die` ends the process at once; nothing runs after it. */
  constructor(die: () => void) {
    this.#die = die;
  }

  get calls(): readonly string[] {
    return this.#calls;
  }

  /** Counts from zero, and dies at the n-th place, counted from 1. */
  arm(nth: number | null): void {
    this.#calls = [];
    this.#diesAt = nth;
  }

  async pass<T>(name: string, call: () => Promise<T>): Promise<T> {
    this.#at(`before ${name}`);
    try {
      return await call();
    } finally {
      this.#at(`after ${name}`);
    }
  }

  #at(place: string): void {
    this.#calls.push(place);
    if (this.#calls.length === this.#diesAt) this.#die();
  }
}

/** A store whose writers pass a place before and after each call of the batch loop. */
export function countedStore(store: Store, counter: CallCounter): Store {
  return {
    ...store,
    openWriter: (name) =>
      counter.pass("openWriter", async () => countedWriter(await store.openWriter(name), counter)),
    project: (rows, complete) => counter.pass("project", () => store.project(rows, complete)),
  };
}

function countedWriter(writer: StoreWriter, counter: CallCounter): StoreWriter {
  return {
    openBatch: () => countedBatch(writer.openBatch(), counter),
    close: () => writer.close(),
  };
}

function countedBatch(batch: Batch, counter: CallCounter): Batch {
  return {
    loadRuns: (runIds) => counter.pass("loadRuns", () => batch.loadRuns(runIds)),
    loadDeadLetters: (runIds) => counter.pass("loadDeadLetters", () => batch.loadDeadLetters(runIds)),
    withTransaction: (work) => counter.pass("withTransaction", () => batch.withTransaction(work)),
    commit: (writes) => counter.pass("commit", () => batch.commit(writes)),
    rollback: () => counter.pass("rollback", () => batch.rollback()),
  };
}

/** Its handlers are called within the batch's transaction. */
export function countedParticipant(
  participant: TransactionalParticipant,
  counter: CallCounter,
): TransactionalParticipant {
  return {
    ...participant,
    handle: (type, ...rest) => counter.pass(`handling ${type}`, () => participant.handle(type, ...rest)),
  };
}

/** What the relay sends after the commit. */
export function countedTransport(transport: Transport, counter: CallCounter): Transport {
  return {
    ...transport,
    send: (commands, signal) =>
      counter.pass(`sending ${commands.map(({ type }) => type).join(" and ")}`, () =>
        transport.send(commands, signal),
      ),
  };
}
