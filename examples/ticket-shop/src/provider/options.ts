import { resolveOptions } from "@sluice/host/options";
import type { Env, OptionReader } from "@sluice/host/options";
import { DEFAULT_BEHAVIOR } from "./behavior.ts";
import type { Behavior } from "./behavior.ts";

/** Options of the provider's process. A rate is a share from 0 to 1. */
export interface ProviderOptions {
  /** The TCP port on 127.0.0.1; 0 lets the system choose. `SLUICE_PROVIDER_PORT`. @default 0 */
  readonly port?: number | string | undefined;
  /** The file of the ledger; made when it is missing, with its folder. `SLUICE_PROVIDER_LEDGER`. */
  readonly ledger?: string | undefined;
  /** Signs callbacks; the shop must know it. `SLUICE_PROVIDER_SECRET`. */
  readonly secret?: string | undefined;
  /** Decides which orders meet which fault. `SLUICE_PROVIDER_SEED`. @default 1 */
  readonly seed?: number | string | undefined;
  /** How long an order stays open for a charge after it was first asked for. `SLUICE_PROVIDER_UNKNOWN_MS`. @default 60s */
  readonly unknownMs?: number | string | undefined;
  /** From a charge to its callback. `SLUICE_PROVIDER_DELAY_MS`. @default 50 */
  readonly delayMs?: number | string | undefined;
  /** Calls that fail. `SLUICE_PROVIDER_FAILURE_RATE`. @default 0 */
  readonly failureRate?: string | undefined;
  /** Charges that are refused. `SLUICE_PROVIDER_REFUSE_RATE`. @default 0 */
  readonly refuseRate?: string | undefined;
  /** Callbacks that are sent twice. `SLUICE_PROVIDER_DUPLICATE_RATE`. @default 0 */
  readonly duplicateRate?: string | undefined;
  /** Callbacks that are never sent. `SLUICE_PROVIDER_LOST_RATE`. @default 0 */
  readonly lostRate?: string | undefined;
  /** Callbacks that are late. `SLUICE_PROVIDER_LATE_RATE`. @default 0 */
  readonly lateRate?: string | undefined;
  /** How much later a late callback is. `SLUICE_PROVIDER_LATE_MS`. @default 5s */
  readonly lateMs?: number | string | undefined;
}

export interface ResolvedProviderOptions {
  readonly port: number;
  readonly ledger: string;
  readonly secret: string;
  readonly seed: number;
  readonly unknownMs: number;
  readonly behavior: Behavior;
}

/** The longest delay that may be asked for: an hour. */
const DELAY_MS_MAX = 3_600_000;

/** @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function resolveProviderOptions(options: ProviderOptions, env: Env): ResolvedProviderOptions {
  return resolveOptions({ room: "provider", options, env }, (read) => ({
    port: read.wholeNumber("port", { min: 0, max: 65_535, default: 0 }),
    ledger: read.text("ledger", {}),
    secret: read.text("secret", { secret: true }),
    seed: read.wholeNumber("seed", { min: 0, default: 1 }),
    unknownMs: read.durationMs("unknownMs", { min: 1, max: DELAY_MS_MAX, default: 60_000 }),
    behavior: {
      delayMs: read.durationMs("delayMs", { min: 0, max: DELAY_MS_MAX, default: DEFAULT_BEHAVIOR.delayMs }),
      failureRate: rate(read, "failureRate"),
      refuseRate: rate(read, "refuseRate"),
      duplicateRate: rate(read, "duplicateRate"),
      lostRate: rate(read, "lostRate"),
      lateRate: rate(read, "lateRate"),
      lateMs: read.durationMs("lateMs", { min: 0, max: DELAY_MS_MAX, default: DEFAULT_BEHAVIOR.lateMs }),
    },
  }));
}

type RateName = "failureRate" | "refuseRate" | "duplicateRate" | "lostRate" | "lateRate";

function rate(read: OptionReader<ProviderOptions>, name: RateName): number {
  return Number(
    read.text(name, { pattern: /^(?:0(?:\.\d+)?|1(?:\.0+)?)$/, default: String(DEFAULT_BEHAVIOR[name]) }),
  );
}
