import type { CounterPort, HistogramPort, MeterPort } from "../core/ports.ts";
import type { BatchWork } from "./batch-work.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LONG_SECONDS = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 86_400];
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** What the engine counts on its way. Run ids are never labels. */
export class EngineMetrics {
  readonly #transitions: CounterPort;
  readonly #timeInState: HistogramPort;
  readonly #batchSize: HistogramPort;
  readonly #batchSeconds: HistogramPort;
  readonly #batchFailures: CounterPort;
  readonly #unexpected: CounterPort;
  readonly #parked: CounterPort;
  readonly #lanesLost: CounterPort;
  readonly #commands: CounterPort;
  readonly #refused: CounterPort;

  constructor(meter: MeterPort) {
    this.#transitions = meter.counter("sluice_transitions_total", "State entries of runs.", [
      "flow",
      "from",
      "to",
    ]);
    this.#timeInState = meter.histogram(
      "sluice_time_in_state_seconds",
      "How long runs stayed in a state.",
      ["flow", "state"],
      LONG_SECONDS,
    );
    this.#batchSize = meter.histogram("sluice_batch_inputs", "Inputs in one committed batch.", [], SIZES);
    this.#batchSeconds = meter.histogram(
      "sluice_batch_seconds",
      "From taking a batch to its commit.",
      [],
      SECONDS,
    );
    this.#batchFailures = meter.counter(
      "sluice_batch_failures_total",
      "Batches that were rolled back and tried again.",
      [],
    );
    this.#unexpected = meter.counter("sluice_unexpected_events_total", "Events that changed nothing.", []);
    this.#parked = meter.counter(
      "sluice_dead_letters_total",
      "Inputs that parked a run or wait behind one.",
      [],
    );
    this.#lanesLost = meter.counter(
      "sluice_lanes_lost_total",
      "Lanes that went to another owner without being given up.",
      [],
    );
    this.#commands = meter.counter(
      "sluice_commands_total",
      "Attempts of commands, by how they were settled.",
      ["channel", "settlement"],
    );
    this.#refused = meter.counter(
      "sluice_refused_inputs_total",
      "Inputs that the rules refused when nobody waited for the answer any more.",
      ["source", "code"],
    );
  }

  batchCommitted(inputs: number, tookMs: number, work: BatchWork): void {
    this.#batchSize.observe({}, inputs);
    this.#batchSeconds.observe({}, tookMs / 1_000);
    if (work.unexpectedEvents > 0) this.#unexpected.inc({}, work.unexpectedEvents);
    if (work.deadLetters.length > 0) this.#parked.inc({}, work.deadLetters.length);
    for (const { flow, from, to, inStateMs } of work.transitions) {
      this.#transitions.inc({ flow, from, to });
      if (from !== "") this.#timeInState.observe({ flow, state: from }, inStateMs / 1_000);
    }
  }

  batchFailed(): void {
    this.#batchFailures.inc({});
  }

  lanesLost(count: number): void {
    this.#lanesLost.inc({}, count);
  }

  inputRefused(source: "inbox" | "transport", code: string): void {
    this.#refused.inc({ source, code });
  }

  commandSettled(channel: string, settlement: string): void {
    this.#commands.inc({ channel, settlement });
  }
}
