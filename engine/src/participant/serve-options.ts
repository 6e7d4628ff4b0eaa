import { BODY_BYTES_DEFAULT } from "@sluice/contracts/broker-message";
import type { RetryPolicy } from "../core/backoff.ts";
import { engineError } from "../core/errors.ts";
import type { LogPort, MeterPort, Tracer } from "../core/ports.ts";
import type { CommandSource } from "./command-source.ts";
import { resolveHandleMs, resolveWhole } from "./options.ts";
import type { ParticipantTypes } from "./participant-types.ts";
import type { Receiver } from "./receive-command.ts";

export interface ServeOptions<Types extends ParticipantTypes, Transaction> extends Pick<
  Receiver<Types, Transaction>,
  "handlers" | "inbox" | "handleMs"
> {
  /** Where the commands come from. `serveCommands` starts and stops it. */
  readonly source: CommandSource;
  /** Most commands carried out at once; those of one run always one at a time. @default 100 */
  readonly concurrencyMax?: number;
  /** How an attempt that failed is tried again here, before the engine is told. */
  readonly retry?: ServeRetry;
  /** How long `stop` waits for commands under way, in ms; those left over come again elsewhere. @default 10000 */
  readonly stopMs?: number;
  /** How often an inbox that keeps answers for some time forgets those that are older, in ms. @default 3600000 */
  readonly pruneEveryMs?: number;
  /** Largest body of a command that is read, in bytes. @default 1114112 */
  readonly bodyBytesMax?: number;
  /** @default nobody is told */
  readonly log?: LogPort;
  /** @default nothing is measured */
  readonly meter?: MeterPort;
  /** @default nothing is traced; answers carry on the trace of their command */
  readonly tracer?: Tracer;
}

/** Exponential backoff with full jitter. */
export interface ServeRetry {
  /** Attempts here in all, the first included; 1: the engine is told at once. @default 3 */
  readonly attemptsMax?: number;
  /** Bound of the first wait, in ms. @default 100 */
  readonly firstMs?: number;
  /** @default 2 */
  readonly factor?: number;
  /** The longest wait, in ms. What asks to be left alone for longer is not tried again here. @default 2000 */
  readonly waitMsMax?: number;
}

export interface ResolvedServeOptions {
  readonly concurrencyMax: number;
  readonly handleMs: number;
  readonly stopMs: number;
  readonly pruneEveryMs: number;
  readonly bodyBytesMax: number;
  readonly retry: RetryPolicy;
}

const CONCURRENCY_DEFAULT = 100;
const CONCURRENCY_MAX = 10_000;
const STOP_MS_DEFAULT = 10_000;
const STOP_MS_MAX = 600_000;
/** Often enough that a round has little to do, seldom enough that nobody notices. */
const PRUNE_EVERY_MS_DEFAULT = 3_600_000;
const PRUNE_EVERY_MS_MAX = 604_800_000;
const BODY_BYTES_MAX = 67_108_864;
/** All commands of a run wait behind one that is tried again, so this is for hiccups; the state's `retry` is for outages. */
const RETRY_DEFAULT = { attemptsMax: 3, firstMs: 100, factor: 2, waitMsMax: 2_000 };
const ATTEMPTS_MAX = 100;
const WAIT_MS_MAX = 60_000;

/** @throws FLOW_BAD_OPTION (invalid) naming the option, what was found and what was expected */
export function resolveServeOptions<Types extends ParticipantTypes, Transaction>(
  options: Omit<ServeOptions<Types, Transaction>, "handlers" | "inbox">,
): ResolvedServeOptions {
  const { name } = options.source;
  const whole = (option: string, value: number, max: number): number =>
    resolveWhole(name, option, value, max);
  const { attemptsMax, firstMs, factor, waitMsMax } = { ...RETRY_DEFAULT, ...options.retry };
  if (!(factor >= 1 && factor <= WAIT_MS_MAX))
    throw engineError("FLOW_BAD_OPTION", `${name}: retry.factor is ${factor}, expected at least 1`);
  return Object.freeze({
    concurrencyMax: whole("concurrencyMax", options.concurrencyMax ?? CONCURRENCY_DEFAULT, CONCURRENCY_MAX),
    handleMs: resolveHandleMs(name, options.handleMs),
    stopMs: whole("stopMs", options.stopMs ?? STOP_MS_DEFAULT, STOP_MS_MAX),
    pruneEveryMs: whole("pruneEveryMs", options.pruneEveryMs ?? PRUNE_EVERY_MS_DEFAULT, PRUNE_EVERY_MS_MAX),
    bodyBytesMax: whole("bodyBytesMax", options.bodyBytesMax ?? BODY_BYTES_DEFAULT, BODY_BYTES_MAX),
    retry: Object.freeze({
      attemptsMax: whole("retry.attemptsMax", attemptsMax, ATTEMPTS_MAX),
      firstMs: whole("retry.firstMs", firstMs, WAIT_MS_MAX),
      factor,
      waitMsMax: whole("retry.waitMsMax", waitMsMax, WAIT_MS_MAX),
      jitter: "full",
      never: [],
    }),
  });
}
