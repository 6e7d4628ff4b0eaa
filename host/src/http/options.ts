/** Options of the HTTP server of a process. */
import { resolveOptions } from "../options.ts";
import type { Env, OptionReader, OptionSource } from "../options.ts";
import { isLoopback } from "./loopback.ts";

export interface HttpOptions {
  /** The address to listen on. `SLUICE_HTTP_HOST`. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** The TCP port; 0 lets the system choose. `SLUICE_HTTP_PORT`. @default 7070 */
  readonly port?: number | string | undefined;
  /** The largest body taken, in bytes; past it HOST_BODY_TOO_LARGE. `SLUICE_HTTP_BODY_BYTES_MAX`. @default 1 MiB and 64 KiB */
  readonly bodyBytesMax?: number | string | undefined;
  /**
   * The bytes of all bodies in flight, at least those of one; past it HOST_OVERLOADED. `SLUICE_HTTP_BODIES_BYTES_MAX`.
   * @default 256 MiB, or `bodyBytesMax` where that is more
   */
  readonly bodiesBytesMax?: number | string | undefined;
  /** Requests in flight; past it HOST_OVERLOADED. `SLUICE_HTTP_REQUESTS_IN_FLIGHT_MAX`. @default 4096 */
  readonly requestsInFlightMax?: number | string | undefined;
  /** What a refused caller is told to wait. `SLUICE_HTTP_RETRY_AFTER_MS`. @default 1000 */
  readonly retryAfterMs?: number | string | undefined;
  /** How long a request may take to arrive; past it HOST_REQUEST_TIMEOUT. `SLUICE_HTTP_REQUEST_MS`. @default 30000 */
  readonly requestMs?: number | string | undefined;
  /**
   * Silence within the body of a request after which it is refused: until it has arrived, it counts against `bodiesBytesMax` with all that
   * it has announced. Past it HOST_REQUEST_TIMEOUT. `SLUICE_HTTP_BODY_SILENCE_MS`. @default 5000
   */
  readonly bodySilenceMs?: number | string | undefined;
  /** Silence after which a connection with a request is cut. `SLUICE_HTTP_CONNECTION_MS`. @default 150000 */
  readonly connectionMs?: number | string | undefined;
  /** Silence after which an idle connection is closed. `SLUICE_HTTP_KEEP_ALIVE_MS`. @default 72000 */
  readonly keepAliveMs?: number | string | undefined;
  /** How long a readiness check may take. `SLUICE_HTTP_CHECK_MS`. @default 1000 */
  readonly checkMs?: number | string | undefined;
  /**
   * How long a server that is told to stop still serves who comes, and says that it is not ready: whoever sends callers to it sees that, and
   * sends them elsewhere. At least as long as that takes, and as it takes until nobody is sent here any more. `SLUICE_HTTP_DRAIN_MS`.
   * @default 5000 where other machines reach it, 0 on loopback
   */
  readonly drainMs?: number | string | undefined;
  /** How long requests in flight may take to finish at stop. `SLUICE_HTTP_STOP_MS`. @default 10000 */
  readonly stopMs?: number | string | undefined;
}

export interface ResolvedHttpOptions {
  readonly host: string;
  readonly port: number;
  readonly bodyBytesMax: number;
  readonly bodiesBytesMax: number;
  readonly requestsInFlightMax: number;
  readonly retryAfterMs: number;
  readonly requestMs: number;
  readonly bodySilenceMs: number;
  readonly connectionMs: number;
  readonly keepAliveMs: number;
  readonly checkMs: number;
  readonly drainMs: number;
  readonly stopMs: number;
}

/** What callers may send as one thing, 1 MiB, with room for what they wrap it in. */
const BODY_BYTES_MAX = 1_114_112;
/** Four thousand requests that each send 1 MiB slowly would otherwise hold 4 GiB. */
const BODIES_BYTES_MAX = 268_435_456;

function readBodyLimits(read: OptionReader<HttpOptions>) {
  const bodyBytesMax = read.wholeNumber("bodyBytesMax", { min: 1, default: BODY_BYTES_MAX });
  return {
    bodyBytesMax,
    bodiesBytesMax: read.wholeNumber("bodiesBytesMax", {
      min: bodyBytesMax,
      default: Math.max(BODIES_BYTES_MAX, bodyBytesMax),
    }),
  };
}

/** What balancers take in the beginning of a stop: two or three of their checks, or the word of an orchestrator to all its nodes. */
const DRAIN_MS = 5_000;

/** A program that only this machine reaches has hardly a balancer before it, and somebody waits for its end. */
function readDrainMs(read: OptionReader<HttpOptions>, host: string): number {
  return read.durationMs("drainMs", { min: 0, max: DAY_MS, default: isLoopback(host) ? 0 : DRAIN_MS });
}

const DAY_MS = 86_400_000;

/** @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function resolveHttpOptions(
  options: HttpOptions,
  env: Env,
  file?: OptionSource<HttpOptions>["file"],
): ResolvedHttpOptions {
  const ms = { min: 1, max: DAY_MS };
  return resolveOptions({ room: "http", options, env, file }, (read) => {
    const host = read.text("host", { default: "127.0.0.1" });
    return {
      host,
      port: read.wholeNumber("port", { min: 0, max: 65_535, default: 7070 }),
      ...readBodyLimits(read),
      requestsInFlightMax: read.wholeNumber("requestsInFlightMax", { min: 1, default: 4096 }),
      retryAfterMs: read.durationMs("retryAfterMs", { ...ms, default: 1000 }),
      requestMs: read.durationMs("requestMs", { ...ms, default: 30_000 }),
      bodySilenceMs: read.durationMs("bodySilenceMs", { ...ms, default: 5000 }),
      // Longer than any answer that is waited for on purpose.
      connectionMs: read.durationMs("connectionMs", { ...ms, default: 150_000 }),
      // Longer than the 60 s of usual balancers, so that they and not we end an idle connection.
      keepAliveMs: read.durationMs("keepAliveMs", { ...ms, default: 72_000 }),
      checkMs: read.durationMs("checkMs", { ...ms, default: 1000 }),
      drainMs: readDrainMs(read, host),
      stopMs: read.durationMs("stopMs", { ...ms, default: 10_000 }),
    };
  });
}
