import type { CounterPort, GaugePort, HistogramPort, MeterPort } from "../core/ports.ts";

/** What became of a command: an event answers it, its answer comes later, or the engine is told that the attempt failed. */
export type HandledAs = "answered" | "later" | "failed";

/** Upper bounds in seconds: from a lookup in memory to the longest handler that is usual. */
const SECONDS_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Type of commands without a handler: whoever sends them must not make a series each. */
const UNKNOWN = "unknown";

/** The figures of one service: commands by type and result, retries, dead letters, duration, how many are under way. */
export class ServeMetrics {
  readonly #source: string;
  readonly #types: ReadonlySet<string>;
  readonly #handled: CounterPort;
  readonly #retries: CounterPort;
  readonly #dead: CounterPort;
  readonly #pruned: CounterPort;
  readonly #seconds: HistogramPort;
  readonly #underWay: GaugePort;
  #count = 0;

  constructor(meter: MeterPort, source: string, types: readonly string[]) {
    this.#source = source;
    this.#types = new Set(types);
    this.#handled = meter.counter("sluice_served_commands_total", "Commands carried out, by result.", [
      "source",
      "type",
      "result",
    ]);
    this.#retries = meter.counter("sluice_served_retries_total", "Attempts repeated in the service.", [
      "source",
      "type",
    ]);
    this.#dead = meter.counter(
      "sluice_served_dead_total",
      "Messages put among the dead letters, by reason.",
      ["source", "reason"],
    );
    this.#pruned = meter.counter("sluice_served_pruned_total", "Answers that the inbox has forgotten.", [
      "source",
    ]);
    this.#seconds = meter.histogram(
      "sluice_served_command_seconds",
      "From a command's turn to its result, retries included.",
      ["source", "type"],
      SECONDS_BUCKETS,
    );
    this.#underWay = meter.gauge("sluice_served_commands_under_way", "Commands being carried out.", [
      "source",
    ]);
    this.#underWay.set({ source }, 0);
  }

  begun(): void {
    this.#underWay.set({ source: this.#source }, ++this.#count);
  }

  ended(): void {
    this.#underWay.set({ source: this.#source }, --this.#count);
  }

  handled(type: string, result: HandledAs, tookMs: number): void {
    const labels = { source: this.#source, type: this.#known(type) };
    this.#handled.inc({ ...labels, result });
    this.#seconds.observe(labels, tookMs / 1_000);
  }

  retried(type: string): void {
    this.#retries.inc({ source: this.#source, type: this.#known(type) });
  }

  dead(reason: string): void {
    this.#dead.inc({ source: this.#source, reason });
  }

  pruned(answers: number): void {
    this.#pruned.inc({ source: this.#source }, answers);
  }

  #known(type: string): string {
    return this.#types.has(type) ? type : UNKNOWN;
  }
}
