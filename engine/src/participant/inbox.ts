import type { EventMessage } from "@sluice/contracts/envelope";
import { engineError } from "../core/errors.ts";
import { resolveWhole } from "./options.ts";

/**
 * Remembers which commands were carried out, so that a second delivery does nothing and is answered as the first.
 * An inbox in a database runs `work` within the transaction in which it keeps the answer: the effect and the memory of it are
 * committed together, and that is exactly once.
 */
export interface Inbox<Transaction = undefined> {
  /**
   * Runs `work` for the first delivery of a command and keeps its answer; a repeat gets that answer, and waits for it while the first
   * is under way. When `work` throws nothing is kept, and the next delivery is the first again.
   */
  once(
    commandId: string,
    work: (transaction: Transaction) => Promise<EventMessage | null>,
  ): Promise<EventMessage | null>;
  /**
   * The same for a command that takes another one back: it waits while that one is under way, and one that comes only afterwards is
   * refused with FLOW_COMMAND_UNDONE (conflict) for ever. So the undo wins, whichever of the two arrives first.
   */
  undo(
    commandId: string,
    undoes: string,
    work: (transaction: Transaction) => Promise<EventMessage | null>,
  ): Promise<EventMessage | null>;
  /**
   * Forgets at most `rowsMax` answers that are older than any repeat, and answers how many. `serveCommands` calls it now and then.
   * @default nothing is to be forgotten
   */
  prune?(rowsMax: number): Promise<number>;
}

export interface MemoryInboxOptions {
  /** Most answers kept; beyond it the oldest is forgotten, and a repeat of its command is carried out again. @default 10000 */
  readonly answersMax?: number;
}

const ANSWERS_DEFAULT = 10_000;
const ANSWERS_MAX = 10_000_000;

/**
 * An inbox in this process's memory: enough where the effect lives there too, or does not mind a repeat after a restart.
 * Its `once` throws FLOW_COMMAND_OVERLOADED (overloaded) when `answersMax` commands are under way at once.
 * @throws FLOW_BAD_OPTION (invalid)
 */
export function memoryInbox(options: MemoryInboxOptions = {}): Inbox {
  const answersMax = resolveWhole("inbox", "answersMax", options.answersMax ?? ANSWERS_DEFAULT, ANSWERS_MAX);
  const underWay = new Map<string, Promise<EventMessage | null>>();
  // A Map keeps the order of insertion: the first key is the oldest.
  const answers = new Map<string, EventMessage | typeof UNDONE | null>();

  const keep = (commandId: string, answer: EventMessage | typeof UNDONE | null): void => {
    answers.set(commandId, answer);
    for (const oldest of answers.keys()) {
      if (answers.size <= answersMax) return;
      answers.delete(oldest);
    }
  };
  const begin = async (
    commandId: string,
    work: (transaction: undefined) => Promise<EventMessage | null>,
  ): Promise<EventMessage | null> => {
    try {
      const answer = await work(undefined);
      keep(commandId, answer);
      return answer;
    } finally {
      underWay.delete(commandId);
    }
  };
  const once: Inbox["once"] = async (commandId, work) => {
    const answer = answers.get(commandId);
    if (answer === UNDONE) throw undone(commandId);
    if (answer !== undefined) return answer;
    const first = underWay.get(commandId);
    if (first !== undefined) return first;
    if (underWay.size >= answersMax) throw tooMany(underWay.size, answersMax);
    const begun = begin(commandId, work);
    underWay.set(commandId, begun);
    return begun;
  };
  return {
    once,
    undo: (commandId, undoes, work) =>
      once(commandId, async (transaction) => {
        // Whether it went well or not is told to its own sender; here it only has to be over.
        await underWay.get(undoes)?.catch(() => {});
        keep(undoes, UNDONE);
        return work(transaction);
      }),
  };
}

/** Stands in the place of an answer: the command was taken back. */
const UNDONE = Symbol("undone");

function undone(commandId: string): Error {
  return engineError(
    "FLOW_COMMAND_UNDONE",
    `command ${commandId} was taken back before it came; it is not carried out`,
  );
}

function tooMany(count: number, countMax: number): Error {
  return engineError(
    "FLOW_COMMAND_OVERLOADED",
    `${count} commands are under way, at most ${countMax} may be (answersMax); try again`,
    { retryAfterMs: 1_000 },
  );
}
