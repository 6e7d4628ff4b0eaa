import type { Coverage } from "./coverage.ts";
import type { Profile } from "./profile.ts";
import type { Random } from "./random.ts";

/** What befalls one call of a port, and where: before it has taken effect, or after. */
export type CallFault =
  "error-before" | "error-after" | "crash-before" | "crash-after" | "freeze-before" | "freeze-after";

export interface CallPlan {
  /** Time of the way there, 0 for a call that takes effect at once, and of the way back. */
  readonly requestMs: number;
  readonly answerMs: number;
  readonly fault: CallFault | null;
}

/** One certain crash, at the n-th call of a port, counted from 1. */
export interface CrashPoint {
  readonly call: number;
  readonly side: "before" | "after";
}

/** A commit is where most can be lost, so it is struck more often than other calls. */
const COMMIT_WEIGHT = 4;

/** Decides, for every call of every port, what goes wrong. Switched off when the world has to come to rest. */
export class Faults {
  readonly #profile: Profile;
  readonly #random: Random;
  readonly #coverage: Coverage;
  readonly #crash: CrashPoint | null;
  #crashes = 0;
  #freezes = 0;
  /** Calls of ports while the faults are on. */
  calls = 0;
  isOn = true;
  /** While true nothing reaches the database. */
  isOutage = false;

  constructor(profile: Profile, random: Random, coverage: Coverage, crash: CrashPoint | null) {
    this.#profile = profile;
    this.#random = random;
    this.#coverage = coverage;
    this.#crash = crash;
  }

  planCall(name: string, canFail: boolean): CallPlan {
    const random = this.#random;
    return {
      requestMs: random.chance(0.4) ? this.latencyMs() : 0,
      answerMs: this.latencyMs(),
      fault: this.isOn ? this.#drawFault(name === "commit" ? COMMIT_WEIGHT : 1, canFail) : null,
    };
  }

  #drawFault(weight: number, canFail: boolean): CallFault | null {
    this.calls++;
    if (this.calls === this.#crash?.call) return `crash-${this.#crash.side}`;
    const { rates, crashesMax, freezesMax } = this.#profile;
    let left = this.#random.next() / weight;
    const strikes = (rate: number): boolean => (left -= rate) < 0;
    const side = this.#random.chance(0.5) ? "before" : "after";
    if (canFail && strikes(rates.errorBefore)) return "error-before";
    if (canFail && strikes(rates.errorAfter)) return "error-after";
    if (this.#crashes < crashesMax && strikes(rates.crash)) {
      this.#crashes++;
      return `crash-${side}`;
    }
    if (this.#freezes < freezesMax && strikes(rates.freeze)) {
      this.#freezes++;
      return `freeze-${side}`;
    }
    return null;
  }

  /** Time of one way over the network. Drawn for each, so that what was sent later may arrive first. */
  latencyMs(): number {
    const { latencyMs, rates, spikeMsMax } = this.#profile;
    if (this.isOn && this.#random.chance(rates.spike)) {
      this.#coverage.count("call delayed");
      return this.#random.between(latencyMs, spikeMsMax);
    }
    return this.#random.exponential(latencyMs);
  }

  /** How long a frozen process stays so: often within its lease, often past it. */
  freezeMs(): number {
    const { leaseMs } = this.#profile.options;
    const freezeMs = this.#random.magnitude(0.2, 4) * leaseMs;
    if (freezeMs > leaseMs) this.#coverage.count("frozen past its lease");
    return freezeMs;
  }

  strikes(rate: keyof Profile["rates"]): boolean {
    return this.isOn && this.#random.chance(this.#profile.rates[rate]);
  }
}
