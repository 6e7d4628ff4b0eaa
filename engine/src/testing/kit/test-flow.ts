/**
 * `given(…).when(…).then(…)` on a definition: the rules alone, in virtual time, without a store, an engine or a participant.
 */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { StartInput } from "../../core/inputs.ts";
import type { Flow } from "../../definition/define-flow.ts";
import { FlowRegistry } from "../../runtime/flow-registry.ts";
import { failTest } from "./expectation.ts";
import type { AnyWords, FlowWords, ForReading, PlaceableState } from "./flow-words.ts";
import { take } from "./held-run.ts";
import { compileChecked, Scene } from "./scene.ts";
import { tellValue } from "./story.ts";

export interface Given<T extends FlowWords> {
  readonly data: ForReading<T["Data"]>;
  /** The state that the run has just entered. @default the initial one */
  readonly state?: PlaceableState<T>;
  readonly key?: string;
}

/** A definition under test. */
export interface TestFlow<T extends FlowWords> {
  /**
   * A run that has just begun, or has just entered the state it is given: its commands are sent, its timers set.
   * @throws AssertionError when no run can begin so, and why
   */
  given(given: Given<T>): Scene<T>;
}

/**
 * Takes a definition under test.
 *
 * ```ts
 * testFlow(purchase)
 *   .given({ state: "payment-pending", data: order })
 *   .when(event("PaymentConfirmed", { chargeId: "charge-1" }))
 *   .then({ state: "paid", sent: ["IssueTicket"] });
 * ```
 * @throws FLOW_BAD_DEFINITION (invalid) as an engine does at its start
 * @see docs/guides/testing-flows.md
 */
export function testFlow<T extends FlowWords = AnyWords>(flow: Flow<T>): TestFlow<T> {
  const compiled = compileChecked(flow);
  const given = (wish: Given<T>): Scene<T> => begin(compiled, wish, given);
  return { given };
}

/** Like all runs of scenes: there is never another beside it. */
const RUN_ID = "00000000-0000-4000-8000-000000000001";
const BEGIN_MS = Date.UTC(2026, 0, 1);

function begin<T extends FlowWords>(
  flow: CompiledFlow,
  wish: Given<T>,
  caller: (wish: Given<T>) => Scene<T>,
): Scene<T> {
  const { data, key } = wish;
  const state: string = wish.state ?? flow.initial;
  const known = [...flow.states.keys()].join(", ");
  if (!flow.states.has(state))
    return failTest(`${flow.name} has no state ${state}, expected one of: ${known}`, [], [], caller);
  const { answer, held, sent } = take(
    beginningIn(flow, state),
    null,
    startInput(flow, key ?? null, data),
    BEGIN_MS,
  );
  if (held !== null)
    return new Scene({ flow, flows: new FlowRegistry([flow]), held, nowMs: BEGIN_MS, sent, troubles: [] });
  const why =
    answer.outcome === "rejected" ? `${answer.error.code}: ${answer.error.message}` : answer.outcome;
  return failTest(
    `no run of ${flow.name} begins in state ${state} with ${tellValue(data as Json)}: ${why}`,
    [],
    [],
    caller,
  );
}

/** Who begins in the middle enters by the same rules as who comes there. */
function beginningIn(flow: CompiledFlow, state: string): FlowRegistry {
  return new FlowRegistry([{ ...flow, initial: state }]);
}

function startInput({ name, version }: CompiledFlow, key: string | null, data: unknown): StartInput {
  return {
    kind: "start",
    runId: RUN_ID,
    flow: name,
    flowVersion: version,
    key,
    startId: null,
    lane: 0,
    data: data as JsonObject,
  };
}
