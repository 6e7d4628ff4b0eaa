import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { Sent } from "../../client/client.ts";
import type { Operated } from "../../client/operator.ts";
import type { Engine } from "../../create-engine.ts";
import type { Duration } from "../../core/duration.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { Operation } from "../../core/inputs.ts";
import type { ParkReason, Run } from "../../core/run.ts";
import type { Flow } from "../../definition/define-flow.ts";
import type { CrashMoment } from "./crash-plan.ts";
import { assertSame, compare, compareRun } from "./expectation.ts";
import type { Difference, RunExpectation } from "./expectation.ts";
import type {
  AnyWords,
  Carried,
  CommandWord,
  FlowWords,
  ForReading,
  PlaceableState,
  Word,
} from "./flow-words.ts";
import type { EventHappened } from "./happening.ts";
import { tellHistory } from "./story.ts";

/** The engine as its runs need it. */
export interface RunHost {
  ask<A>(question: (engine: Engine) => Promise<A>): Promise<A>;
  advance(duration: Duration): Promise<void>;
  crashHere(moment: CrashMoment, about?: string): void;
  newId(): string;
  listRuns(): readonly Run[];
  requireRun(runId: string): Run;
  historyOf(runId: string): readonly HistoryEntry[];
  /** What went wrong around the runs, unnoticed by any of them. */
  mishaps(): readonly Difference[];
}

export interface TestRunExpectation<T extends FlowWords> extends RunExpectation<T> {
  /** The states it has been in, each named when it came there. */
  readonly path?: readonly T["State"][];
}

/** Events that a test can send to a run. */
type SentEvent<T extends FlowWords> = {
  [E in Word<T["Events"]>]: EventHappened<E, Carried<T["Events"], E>>;
}[Word<T["Events"]>];

/** A run of a test engine. What it shows is what is stored. */
export class TestRun<T extends FlowWords = AnyWords> {
  readonly runId: string;
  readonly #host: RunHost;

  constructor(host: RunHost, runId: string) {
    this.runId = runId;
    this.#host = host;
  }

  get state(): T["State"] {
    return this.stored.state;
  }

  get businessState(): string | null {
    return this.stored.businessState;
  }

  get outcome(): string | null {
    return this.stored.outcome;
  }

  get parked(): ParkReason | null {
    return this.stored.parked;
  }

  get data(): T["Data"] {
    return this.stored.data;
  }

  /** The whole run as it is stored. */
  get stored(): Run {
    return this.#host.requireRun(this.runId);
  }

  get history(): readonly HistoryEntry[] {
    return this.#host.historyOf(this.runId);
  }

  /** The states it has been in, each named when it came there. */
  get path(): readonly T["State"][] {
    const states = this.history.map(({ state }) => state);
    return states.filter((state, at) => state !== states[at - 1]);
  }

  /** The runs that its commands have started, in order. */
  get children(): readonly TestRun[] {
    return this.#host
      .listRuns()
      .filter(({ parent }) => parent?.runId === this.runId)
      .map(({ runId }) => new TestRun(this.#host, runId));
  }

  /**
   * Sends an event and lets everything happen that follows at once. If the engine dies before it has answered, the event is sent again under
   * the same id, as any caller should.
   * @throws as `Client.send`: FLOW_UNEXPECTED_EVENT, FLOW_RUN_FINAL (conflict) · FLOW_UNKNOWN_EVENT, FLOW_BAD_EVENT (invalid) …
   */
  send({ type, data, id }: SentEvent<T>): Promise<Sent> {
    const message = { id: id ?? this.#host.newId(), type, data: data as Json };
    return this.#host.ask(({ client }) => client.send(this.runId, message));
  }

  advance(duration: Duration): Promise<void> {
    return this.#host.advance(duration);
  }

  /** @see TestEngine.crashHere */
  crashHere(moment: CrashMoment, about?: Word<T["Events"]> | CommandWord<T> | Operation["type"]): void {
    this.#host.crashHere(moment, about);
  }

  /** Ends the run; with `compensate` its steps are taken back first. */
  cancel({ compensate = false }: { readonly compensate?: boolean } = {}): Promise<Operated> {
    return this.#operate({ type: "cancel", compensate });
  }

  /** Sends the pending commands again. */
  retry(): Promise<Operated> {
    return this.#operate({ type: "retry" });
  }

  /** Takes the dead letters in again, in order. */
  redrive(): Promise<Operated> {
    return this.#operate({ type: "redrive" });
  }

  /** Drops the dead letter that parked the run. */
  skip(): Promise<Operated> {
    return this.#operate({ type: "skip" });
  }

  /** Puts the run into a state. */
  force(state: PlaceableState<T>, data?: ForReading<T["Data"]>): Promise<Operated> {
    return this.#operate({
      type: "force",
      state,
      ...(data === undefined ? {} : { data: data as JsonObject }),
    });
  }

  /** Moves the run to another version of its flow, which the engine must serve; the answer speaks the words of that version. */
  async migrate<Next extends FlowWords>(flow: Flow<Next>): Promise<TestRun<Next>> {
    await this.#operate({ type: "migrate", toVersion: flow.version });
    return new TestRun<Next>(this.#host, this.runId);
  }

  /**
   * Fails unless the run stands as expected, each crash that was asked for has come, and no participant was asked what it has no reaction to.
   * @throws AssertionError with each difference and what has happened so far
   */
  expect(expected: TestRunExpectation<T>): void {
    const run = this.stored;
    const differences = [
      ...compareRun(run, expected),
      ...(expected.path === undefined ? [] : compare("path", this.path, expected.path)),
      ...this.#host.mishaps(),
    ];
    assertSame(`run ${run.key ?? run.runId} of ${run.flow}`, differences, this.history, this.expect);
  }

  /** What has happened to it, line by line. */
  toString(): string {
    return tellHistory(this.history);
  }

  #operate(operation: Operation): Promise<Operated> {
    const asked = { by: "test", idempotencyKey: this.#host.newId() };
    return this.#host.ask(({ operator }) => operator.operate(this.runId, operation, asked));
  }
}
