/**
 * What a program asks of the engine: start a run, tell it an event, wait for its end, look at it.
 * Knows the lanes only through the ports below, so that it works the same beside the engine and far from it.
 */
import type { EventMessage, JsonObject } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../core/compile-flow.ts";
import type { Answer, Rejection } from "../core/decision.ts";
import { eventInput } from "../core/inputs.ts";
import type { EventInput, LaneInput, StartInput } from "../core/inputs.ts";
import { engineError } from "../core/errors.ts";
import { laneOf } from "../core/lane.ts";
import { isRunId } from "../core/run-id.ts";
import type { HistoryEntry } from "../core/history.ts";
import type { HistoryQuery, Page, RunQuery, RunRow, StateCount, Store } from "../core/ports.ts";
import { namedRunId } from "../core/run-name.ts";
import type { Run } from "../core/run.ts";
import { unknownFlow } from "./unknown-flow.ts";

/** What the client needs from the engine it talks to. */
export interface ClientPorts {
  readonly store: Pick<Store, "getRun" | "listHistory" | "listRuns" | "countStates">;
  /** Newest version of each flow. */
  readonly flows: ReadonlyMap<string, CompiledFlow>;
  /** All versions served of a flow, oldest first. */
  versionsOf(flow: string): readonly CompiledFlow[];
  readonly lanes: number;
  /** Brings an input into its lane, wherever that is owned; resolves after the commit. */
  submit(input: LaneInput): Promise<Answer>;
  /** Resolves with the final run, or with null when it is not final after `waitMs` or when `signal` is aborted. */
  waitFinal(runId: string, waitMs: number, signal?: AbortSignal): Promise<Run | null>;
  /** Calls back whenever this process has written the run; the answer ends that. */
  watch(runId: string, written: () => void): () => void;
  newId(): string;
  /** A name-based UUID, so that the same flow and key always give the same run. */
  nameId(text: string): string;
}

export interface StartOptions {
  /** The caller's name for the run, unique within its flow: an order number. At most 200 characters. */
  readonly key?: string;
  readonly data: JsonObject;
  /**
   * A repeat with the same idempotency key and equal data answers as the first time. It belongs to the flow and to `key`: with another
   * `key`, or without one, it is another start. At most 200 characters.
   * @see docs/decisions/0008-ids.md
   */
  readonly idempotencyKey?: string;
}

export interface Started {
  readonly runId: string;
  /** True when the run existed already: nothing was started. */
  readonly isRepeat: boolean;
  /** False when the start is durable but waits for the lane's owner: the run can be read a moment later. */
  readonly isDecided: boolean;
}

export interface Sent {
  readonly eventId: string;
  /** `applied`; `queued` and `parked`, when the event is kept but waits for an operator; `accepted`, when it waits for the lane's owner. */
  readonly outcome: "applied" | "queued" | "parked" | "accepted";
  /** The history entry it made; null while it is only accepted. */
  readonly version: number | null;
  readonly isRepeat: boolean;
}

/** Longest key, idempotency key and event id. They are indexed, so they are short. */
export const KEY_CHARS_MAX = 200;

export interface Client {
  /**
   * Starts a run; resolves when it is durable.
   * @throws FLOW_UNKNOWN_FLOW (missing) · FLOW_BAD_DATA (invalid) · FLOW_DATA_TOO_LARGE (invalid) · FLOW_RUN_EXISTS (conflict) ·
   *   FLOW_IDEMPOTENCY_CONFLICT (invalid) · FLOW_INBOX_FULL (overloaded) · FLOW_STORE_UNAVAILABLE, FLOW_STOPPING (unavailable) ·
   *   FLOW_OUTCOME_UNKNOWN (timeout): repeat with the same idempotency key
   */
  start(flow: string, options: StartOptions): Promise<Started>;
  /**
   * Tells a run that something happened; resolves when that is durable.
   * @throws FLOW_UNKNOWN_RUN (missing) · FLOW_UNKNOWN_EVENT, FLOW_BAD_EVENT (invalid) · FLOW_UNEXPECTED_EVENT, FLOW_RUN_FINAL (conflict), and as `start`
   */
  send(runId: string, event: EventMessage): Promise<Sent>;
  get(runId: string): Promise<Run | null>;
  /** @throws FLOW_UNKNOWN_RUN (missing) */
  require(runId: string): Promise<Run>;
  /**
   * The final run, or null when it is not final after `waitMs`, or when the engine stops or `signal` is aborted before.
   * @throws FLOW_WAIT_FULL (overloaded) · FLOW_STORE_UNAVAILABLE (unavailable)
   */
  waitFinal(runId: string, waitMs: number, signal?: AbortSignal): Promise<Run | null>;
  /**
   * Calls back whenever this process has written the run; the answer ends that. Another process may write it unnoticed, so whoever watches
   * looks now and then all the same.
   */
  watch(runId: string, written: () => void): () => void;
  /** With `bytesMax` the entry that reaches it is the last of its page, which then has fewer than `limit`. @throws FLOW_UNKNOWN_RUN (missing) */
  history(
    query: Omit<HistoryQuery, "afterVersion"> & { readonly afterVersion?: number },
  ): Promise<Page<HistoryEntry>>;
  list(query: RunQuery): Promise<Page<RunRow>>;
  countStates(flow?: string): Promise<readonly StateCount[]>;
  /** The newest version of each flow that is served. */
  flows(): readonly CompiledFlow[];
  /** All versions served of a flow, oldest first; none when it is not served. */
  versionsOf(flow: string): readonly CompiledFlow[];
}

export function createClient(ports: ClientPorts): Client {
  return {
    start: (flow, options) => start(ports, flow, options),
    send: (runId, event) => send(ports, runId, event),
    get: (runId) => (isRunId(runId) ? ports.store.getRun(runId) : Promise.resolve(null)),
    require: (runId) => requireRun(ports, runId),
    waitFinal: (runId, waitMs, signal) => ports.waitFinal(runId, waitMs, signal),
    watch: (runId, written) => ports.watch(runId, written),
    history: async ({ afterVersion = 0, ...query }) => {
      await requireRun(ports, query.runId);
      return ports.store.listHistory({ ...query, afterVersion });
    },
    list: (query) => ports.store.listRuns(query),
    countStates: (flow) => ports.store.countStates(flow),
    flows: () => [...ports.flows.values()],
    versionsOf: (flow) => ports.versionsOf(flow),
  };
}

async function start(ports: ClientPorts, flowName: string, options: StartOptions): Promise<Started> {
  const flow = ports.flows.get(flowName);
  if (flow === undefined) throw unknownFlow(flowName, ports.flows.keys());
  checkKey("key", options.key);
  checkKey("idempotency key", options.idempotencyKey);
  const input = startInput(ports, flow, options);
  const answer = await ports.submit(input);
  if (answer.outcome === "rejected") throw rejected(answer.error);
  return {
    runId: input.runId,
    isRepeat: answer.outcome === "existing",
    isDecided: answer.outcome !== "accepted",
  };
}

/**
 * The id of a run that has a key is made from the flow and the key, so that a second start with it meets the first in its lane and
 * uniqueness needs no index of its own. A run without one gets an id that grows with time, which keeps the index's inserts together.
 */
function startInput(
  ports: ClientPorts,
  flow: CompiledFlow,
  { key, data, idempotencyKey }: StartOptions,
): StartInput {
  const name = { flow: flow.name, key: key ?? null, startId: idempotencyKey ?? null };
  const runId = namedRunId(name, ports.nameId) ?? ports.newId();
  return {
    kind: "start",
    runId,
    flow: flow.name,
    flowVersion: flow.version,
    key: key ?? null,
    // A start with a key alone gets an id for this one call: so the engine knows its own repetitions from somebody else's start.
    startId: idempotencyKey ?? (key === undefined ? null : ports.newId()),
    lane: laneOf(runId, ports.lanes),
    data,
  };
}

async function send(ports: ClientPorts, runId: string, event: EventMessage): Promise<Sent> {
  if (!isRunId(runId)) throw unknownRun(runId);
  checkKey("event id", event.id);
  checkKey("command id", event.commandId);
  const input = eventInput(runId, event, () => ports.newId());
  const { id: eventId } = input;
  const answer = await ports.submit(input);
  switch (answer.outcome) {
    case "rejected":
      throw rejected(answer.error);
    case "unexpected":
      throw await unexpected(ports, input);
    case "applied":
    case "queued":
    case "parked":
      return { eventId, outcome: answer.outcome, version: answer.version, isRepeat: answer.isRepeat };
    case "accepted":
      return { eventId, outcome: "accepted", version: null, isRepeat: false };
    case "started":
    case "existing":
    case "stale":
      throw engineError("FLOW_UNEXPECTED", `an event was answered with ${answer.outcome}`);
  }
}

async function unexpected(ports: ClientPorts, { runId, type, commandId }: EventInput): Promise<Error> {
  // The event is recorded already. That the store is away now only makes the answer say less.
  const run = await ports.store.getRun(runId).catch(() => null);
  const fields = { runId, state: run?.state };
  if (run?.outcome != null) {
    return engineError(
      "FLOW_RUN_FINAL",
      `the run ended in state ${run.state} with outcome ${run.outcome}; ${type} changed nothing`,
      { fields },
    );
  }
  const named = commandId === undefined ? "" : `, or does not wait for command ${commandId}`;
  return engineError(
    "FLOW_UNEXPECTED_EVENT",
    `state ${run?.state ?? "(unknown)"} takes no ${type} now${named}; it was recorded and changed nothing`,
    { fields },
  );
}

/** @throws FLOW_UNKNOWN_RUN (missing) */
export async function requireRun(
  ports: { readonly store: Pick<Store, "getRun"> },
  runId: string,
): Promise<Run> {
  const run = isRunId(runId) ? await ports.store.getRun(runId) : null;
  if (run === null) throw unknownRun(runId);
  return run;
}

function unknownRun(runId: string): Error {
  return engineError("FLOW_UNKNOWN_RUN", `no run ${runId.slice(0, 80)}, expected the id of a stored run`);
}

/** A rejection as the error its caller gets. */
export function rejected(error: Rejection): Error {
  return engineError(error.code, error.message, error.fields === undefined ? {} : { fields: error.fields });
}

/** A key is compared, indexed and shown: control characters have no place in it, Postgres refuses NUL and would change half a character. */
function checkKey(what: string, key: string | undefined): void {
  if (key === undefined || (key.length > 0 && key.length <= KEY_CHARS_MAX && isPlain(key))) return;
  throw engineError(
    "FLOW_BAD_QUERY",
    `the ${what} has ${key.length} characters, expected 1 to ${KEY_CHARS_MAX} without control characters or halves of characters`,
  );
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || unit === 0x7f) return false;
  }
  return text.isWellFormed();
}
