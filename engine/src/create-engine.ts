import { isJsonObject } from "@sluice/contracts/envelope";
import type { Json } from "@sluice/contracts/envelope";
import type {
  FlowVersionRow,
  Peers,
  StateCount,
  Store,
  TransactionalParticipant,
  Transport,
  LogPort,
  MeterPort,
  Tracer,
  Clock,
  PeerAnswer,
} from "./core/ports.ts";
import type { DeadLetterQueue } from "./core/dead-letter-queue.ts";
import { createClient } from "./client/client.ts";
import type { Client } from "./client/client.ts";
import { createOperator } from "./client/operator.ts";
import type { Operator } from "./client/operator.ts";
import { BUILT_IN_STATES, compileFlow } from "./core/compile-flow.ts";
import type { Answer } from "./core/decision.ts";
import type { LaneInput } from "./core/inputs.ts";
import { engineError } from "./core/errors.ts";
import type { FlowDefinition } from "./core/flow.ts";
import { getPointer } from "./core/pointer.ts";
import { assertUnchanged } from "./core/version-changed.ts";
import { assertFlow } from "./definition/load-flow.ts";
import { listDueTimes } from "./definition/next-occurrence.ts";
import { compileSchema } from "./definition/compile-schema.ts";
import { flowToJson, hashFlow } from "./definition/hash-flow.ts";
import { nameId, systemClock } from "./runtime/clock.ts";
import { NO_LOG, NO_METER, NO_TRACER } from "./core/silent.ts";
import { resolveEngineOptions } from "./runtime/options.ts";
import type { EngineOptions } from "./runtime/options.ts";
import { Runtime } from "./runtime/runtime.ts";

/** What an engine is made of. */
export interface EngineParts {
  readonly store: Store;
  /** Every version that runs may be pinned to. New runs take the newest. */
  readonly flows: readonly FlowDefinition[];
  /** Who carries out commands: one for each channel that the flows name. */
  readonly participants: readonly (TransactionalParticipant | Transport)[];
  /** @default nothing is logged */
  readonly log?: LogPort;
  /** @default nothing is measured */
  readonly meter?: MeterPort;
  /** @default nothing is traced, and no trace context is stored */
  readonly tracer?: Tracer;
  /** @default the clocks of this process */
  readonly clock?: Clock;
  /** How to reach the other engines of the deployment, given their shared secret. @default inputs for them go to the durable inbox */
  readonly peers?: (secret: string) => Peers;
  readonly options?: EngineOptions;
}

/** An engine of one process; several on one store share its lanes. */
export interface Engine {
  readonly engineId: string;
  /** Shared by the engines of the deployment; authenticates what they forward to each other. */
  readonly secret: string;
  readonly client: Client;
  readonly operator: Operator;
  readonly store: Store;
  /** Where messages lie that its participants, or it, could not take in. */
  readonly deadLetterQueues: readonly DeadLetterQueue[];
  /** Joins the deployment; resolves when every lane has an owner, here or elsewhere. */
  start(): Promise<void>;
  /**
   * Before a stop, while callers still come: other engines get the lanes, where there are any, and this one passes on to them what it is asked.
   * Bounded by `stopMs`.
   */
  handOver(): Promise<void>;
  /** Stops in good order, bounded by `stopMs`. Does not close the store. */
  stop(): Promise<void>;
  /** Takes inputs that another engine has forwarded. */
  receive(inputs: readonly LaneInput[]): Promise<readonly PeerAnswer[]>;
  /** Another engine says that lanes have moved: looks for its share now, not at its next heartbeat. */
  lanesMoved(): void;
  /** True, or why it should get no requests now. */
  readiness(): true | string;
  /** Brings the gauges up to date. */
  measure(): Promise<void>;
  submit(input: LaneInput): Promise<Answer>;
}

/**
 * Makes an engine: checks and compiles its flows, opens the deployment, pins the flow versions. It does nothing until it is started.
 * @throws FLOW_BAD_DEFINITION, FLOW_BAD_OPTION, FLOW_UNKNOWN_CHANNEL (invalid) · FLOW_VERSION_CHANGED, FLOW_VERSION_MISSING,
 *   FLOW_LANES_CHANGED (conflict) · FLOW_STORE_UNAVAILABLE (unavailable)
 */
export async function createEngine(parts: EngineParts): Promise<Engine> {
  const { store } = parts;
  const options = resolveEngineOptions(parts.options ?? {});
  const clock = parts.clock ?? systemClock();
  for (const definition of parts.flows) assertFlow(definition);
  const flows = parts.flows.map((definition) => compileFlow(definition, compileSchema));
  const transports = parts.participants.filter(isTransport);
  const participants = parts.participants.filter(
    (each): each is TransactionalParticipant => !isTransport(each),
  );
  checkChannels(parts.flows, parts.participants);
  const deadLetterQueues = queuesOf(transports);
  const { lanes, secret } = await store.openDeployment(options.lanes);
  await pinVersions(store, parts.flows);
  const { engineId } = store;
  const runtime: Runtime = new Runtime({
    listDueTimes,
    start: (flow, run) => client.start(flow, run),
    store,
    clock,
    log: parts.log ?? NO_LOG,
    meter: parts.meter ?? NO_METER,
    tracer: parts.tracer ?? NO_TRACER,
    flows,
    participants,
    transports,
    peers: parts.peers?.(secret) ?? null,
    engineId,
    lanes,
    options,
  });
  const client: Client = createClient({
    store,
    flows: runtime.flows.newest,
    versionsOf: (flow) => runtime.flows.versionsOf(flow),
    lanes,
    submit: (input) => runtime.submit(input),
    waitFinal: (runId, waitMs, signal) => runtime.waitFinal(runId, waitMs, signal),
    watch: (runId, written) => runtime.watch(runId, written),
    newId: () => clock.newId(),
    nameId,
  });
  const operator = createOperator({
    store,
    lanes,
    jobsOpenMax: options.jobsOpenMax,
    newId: () => clock.newId(),
    nameId,
    flow: (name, version) =>
      version === undefined ? runtime.flows.newest.get(name) : runtime.flows.get(name, version),
    versionsOf: (name) => runtime.flows.versionsOf(name),
    flowNames: () => runtime.flows.newest.keys(),
    submit: (input) => runtime.submit(input),
    pausesChanged: () => runtime.readPauses(),
    preview: (plan, cursor, limit) => runtime.previewJob(plan, cursor, limit),
  });
  return {
    engineId,
    secret,
    client,
    operator,
    store,
    deadLetterQueues,
    start: () => runtime.start(),
    handOver: () => runtime.handOver(),
    stop: () => runtime.stop(),
    receive: (inputs) => runtime.receive(inputs),
    lanesMoved: () => runtime.lanesMoved(),
    readiness: () => runtime.readiness(),
    measure: () => runtime.measure(),
    submit: (input) => runtime.submit(input),
  };
}

function isTransport(participant: TransactionalParticipant | Transport): participant is Transport {
  return "send" in participant;
}

/** Transports may share a queue. Two of one name at different brokers could not be told apart. */
function queuesOf(transports: readonly Transport[]): readonly DeadLetterQueue[] {
  const queues = new Map<string, DeadLetterQueue>();
  for (const queue of transports.flatMap(({ deadLetters = [] }) => deadLetters)) {
    const known = queues.get(queue.name);
    if (known !== undefined && known.broker !== queue.broker)
      throw engineError(
        "FLOW_BAD_OPTION",
        `${known.broker} and ${queue.broker} both have dead letters in ${queue.name}, expected two names; rename one of the two services or topics`,
      );
    queues.set(queue.name, known ?? queue);
  }
  return [...queues.values()];
}

function checkChannels(
  flows: readonly FlowDefinition[],
  participants: readonly { readonly channel: string }[],
): void {
  const bound = new Set<string>();
  for (const { channel } of participants) {
    if (bound.has(channel))
      throw engineError("FLOW_UNKNOWN_CHANNEL", `two participants serve channel ${channel}, expected one`);
    bound.add(channel);
  }
  for (const flow of flows) {
    for (const [type, { channel }] of Object.entries(flow.commands ?? {})) {
      // A child flow needs no participant.
      if (channel === undefined || bound.has(channel)) continue;
      const known = [...bound].join(", ") || "none";
      throw engineError(
        "FLOW_UNKNOWN_CHANNEL",
        `command ${type} of flow ${flow.name} goes to channel ${channel}, which no participant serves; bound are: ${known}`,
      );
    }
  }
}

/**
 * Pins what a version means, and refuses to leave runs behind that no version served here can carry on. A refused engine has pinned nothing:
 * its versions may be other ones when it comes again.
 */
async function pinVersions(store: Store, flows: readonly FlowDefinition[]): Promise<void> {
  const versions = flows.map((flow) => ({
    flow: flow.name,
    version: flow.version,
    hash: hashFlow(flow),
    definition: flowToJson(flow),
  }));
  const stored = await store.listFlowVersions();
  assertUnchanged(versions, stored);
  assertNobodyWaits(flows, [...stored, ...versions], await store.countStates());
  await store.saveFlowVersions(versions);
}

function assertNobodyWaits(
  flows: readonly FlowDefinition[],
  versions: readonly FlowVersionRow[],
  counts: readonly StateCount[],
): void {
  const served = new Map(flows.map((flow) => [versionKey(flow.name, flow.version), flow]));
  const known = new Map(versions.map((row) => [versionKey(row.flow, row.version), row.definition]));
  const waiting = counts.filter(({ flow, flowVersion, state, runs }) => {
    const key = versionKey(flow, flowVersion);
    // Final runs of a retired version need nobody.
    return runs > 0 && !hasState(served.get(key), state) && !isFinal(known.get(key), state);
  });
  if (waiting.length === 0) return;
  const found = waiting
    .map(({ flow, flowVersion, state, runs }) => `${runs} in ${flow} version ${flowVersion}, state ${state}`)
    .join("; ");
  throw engineError(
    "FLOW_VERSION_MISSING",
    `runs wait in versions that are not served: ${found}; deploy those versions beside the newer ones`,
  );
}

function versionKey(flow: string, version: number): string {
  return `${flow}@${version}`;
}

function hasState(flow: FlowDefinition | undefined, state: string): boolean {
  return flow !== undefined && (flow.states[state] ?? BUILT_IN_STATES[state]) !== undefined;
}

function isFinal(definition: Json | undefined, state: string): boolean {
  if (definition === undefined) return false;
  const declared = getPointer(definition, `/states/${state}`);
  return declared === undefined
    ? BUILT_IN_STATES[state]?.final !== undefined
    : isJsonObject(declared) && typeof declared["final"] === "string";
}
