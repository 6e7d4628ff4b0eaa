import { kindOf } from "@sluice/contracts/problem";
import type { Cluster, SimulatedEngine } from "./cluster.ts";
import type { Coverage } from "./coverage.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { codeOf } from "./simulated-process.ts";
import type { Report } from "./violation.ts";
import { WireError } from "./wire.ts";
import type { Wire } from "./wire.ts";

export interface OutsidePorts {
  readonly cluster: Cluster;
  readonly wire: Wire;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly report: Report;
  /** How long somebody outside waits for an answer. */
  readonly patienceMs: number;
}

/** How somebody outside came to the end of something they wanted. */
export type Ending<T> =
  | { readonly type: "done"; readonly value: T }
  /** `isMaybe`: one of the former attempts may have taken effect. */
  | { readonly type: "refused"; readonly code: string; readonly isMaybe: boolean }
  /** Tried often enough. */
  | { readonly type: "gave-up"; readonly isMaybe: boolean };

/** Longest wait between two attempts. */
const AGAIN_MS_MAX = 60;

/**
 * Somebody outside who wants something done and does not know how many engines there are: asks one of them, asks again, perhaps
 * another, and takes every error at its word.
 */
export class Outside {
  readonly #ports: OutsidePorts;

  constructor(ports: OutsidePorts) {
    this.#ports = ports;
  }

  /** Asks until there is an answer that no repetition would change, at most `attemptsMax` times. */
  async persist<T>(
    label: string,
    attemptsMax: number,
    work: (engine: SimulatedEngine) => Promise<T>,
  ): Promise<Ending<T>> {
    const { cluster, wire, random, patienceMs } = this.#ports;
    let isMaybe = false;
    for (let attempt = 1; ; attempt++) {
      const engine = cluster.pickReady();
      try {
        if (engine !== null)
          return {
            type: "done",
            value: await wire.request(engine.process, label, patienceMs, () => work(engine)),
          };
      } catch (error) {
        const meaning = this.#read(error);
        if (typeof meaning === "object") return { type: "refused", code: meaning.code, isMaybe };
        if (meaning === "maybe") isMaybe = true;
      }
      if (attempt >= attemptsMax) return { type: "gave-up", isMaybe };
      await this.#ports.scheduler.sleep(random.between(1, AGAIN_MS_MAX), `${label}: again`);
    }
  }

  /** What an error tells the one who asked. */
  #read(error: unknown): "nothing happened" | "maybe" | { readonly code: string } {
    const { coverage, report } = this.#ports;
    if (error instanceof WireError) {
      coverage.count(WIRE_COVERAGE[error.reason]);
      return error.reason === "refused" ? "nothing happened" : "maybe";
    }
    const code = codeOf(error);
    switch (kindOf(error)) {
      case "unavailable":
        coverage.count("nothing happened");
        return "nothing happened";
      case "overloaded":
        coverage.count("overloaded");
        return "nothing happened";
      case "timeout":
        return "maybe";
      case "bug":
        report("engine", `a caller was answered ${code}: ${String(error)}`);
        return { code };
      default:
        if (!REFUSALS.has(code)) report("engine", `a caller was refused with ${code}: ${String(error)}`);
        return { code };
    }
  }
}

/** Refusals that callers and operators of the simulation can deserve. Others speak of what is not their business, such as who owns a lane. */
const REFUSALS: ReadonlySet<string> = new Set([
  "FLOW_RUN_EXISTS",
  "FLOW_IDEMPOTENCY_CONFLICT",
  "FLOW_UNKNOWN_RUN",
  "FLOW_UNKNOWN_EVENT",
  "FLOW_BAD_EVENT",
  "FLOW_UNEXPECTED_EVENT",
  "FLOW_RUN_FINAL",
  "FLOW_HISTORY_FULL",
  "FLOW_DATA_TOO_LARGE",
  "FLOW_BAD_DATA",
  "FLOW_RUN_NOT_PARKED",
  "FLOW_NOTHING_TO_RETRY",
  "FLOW_WOULD_STRAND",
  "FLOW_COMPENSATING",
  "FLOW_UNKNOWN_STATE",
  "FLOW_VERSION_MISSING",
  "FLOW_MIGRATION_MISSING",
  "FLOW_MIGRATION_REFUSED",
]);

const WIRE_COVERAGE = {
  refused: "caller refused",
  reset: "caller reset",
  timeout: "caller timed out",
} as const;
