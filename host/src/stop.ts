/**
 * Stopping in order. Owns: the list of what runs, and the process's signals once `attach` was called.
 * S1  Steps run once, in reverse order of registration: what was started last depends on what was started first.
 * S2  Each step is bounded in time; a step that fails or takes too long is logged and the next one runs all the same.
 * S3  A second Ctrl-C exits at once: whoever presses it twice has waited long enough. A repeat within a moment is the same one,
 *     sent to us by the terminal and again by a parent that passes it on.
 */
import type { Log } from "./log.ts";
import { isConnectionError } from "./postgres/connection-error.ts";

export interface StopperOptions {
  readonly log: Log;
  /** The bound of a step that names none. @default 15000 */
  readonly stopMs?: number;
}

export interface StopStepOptions {
  readonly stopMs?: number;
}

export interface Stopper {
  /** Registers a step. The answer takes it off the list again. */
  add(name: string, step: () => Promise<void> | void, options?: StopStepOptions): () => void;
  /** Aborted when stopping begins. */
  readonly signal: AbortSignal;
  /** Runs the steps; a second call waits for the first. `true`: every step ended well and in time. */
  stop(reason: string): Promise<boolean>;
  /**
   * Takes over SIGINT, SIGTERM and SIGHUP (stop, then exit 0, or 1 when a step failed), a second SIGINT (exit 130 at
   * once) and errors nobody caught (stop, then exit 1).
   */
  attach(): void;
}

interface Step {
  readonly name: string;
  readonly run: () => Promise<void> | void;
  readonly stopMs: number;
}

const STOP_MS = 15_000;

export function createStopper({ log, stopMs = STOP_MS }: StopperOptions): Stopper {
  const steps: Step[] = [];
  const controller = new AbortController();
  let stopping: Promise<boolean> | undefined;

  const stop = (reason: string): Promise<boolean> => {
    if (stopping === undefined) {
      log.info({ reason, steps: steps.map((step) => step.name).reverse() }, "stopping");
      controller.abort();
      stopping = runSteps(steps, log);
    }
    return stopping;
  };

  return {
    add(name, run, options = {}) {
      const step: Step = { name, run, stopMs: options.stopMs ?? stopMs };
      steps.push(step);
      return () => {
        const index = steps.indexOf(step);
        if (index !== -1) steps.splice(index, 1);
      };
    },
    signal: controller.signal,
    stop,
    attach: () => attach(stop, log),
  };
}

async function runSteps(steps: Step[], log: Log): Promise<boolean> {
  let isClean = true;
  // Taken from the list one by one: a step may register another, which then runs next.
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    isClean = (await runStep(step, log)) && isClean;
  }
  return isClean;
}

async function runStep(step: Step, log: Log): Promise<boolean> {
  const startedAt = performance.now();
  const timeout = Promise.withResolvers<"timeout">();
  const timer = setTimeout(() => timeout.resolve("timeout"), step.stopMs);
  log.debug({ step: step.name, stopMs: step.stopMs }, "waiting for a step of stopping");
  try {
    const outcome = await Promise.race([Promise.resolve(step.run()), timeout.promise]);
    if (outcome === "timeout") {
      log.error(
        { step: step.name, stopMs: step.stopMs },
        "a step of stopping took too long; going on without it",
      );
      return false;
    }
    log.info({ step: step.name, tookMs: Math.round(performance.now() - startedAt) }, "stopped");
    return true;
  } catch (error) {
    log.error({ step: step.name, error }, "a step of stopping failed; going on without it");
    return false;
  } finally {
    clearTimeout(timer);
  }
}

const EXIT_INTERRUPTED = 130;
const SAME_INTERRUPT_MS = 1_000;

function attach(stop: Stopper["stop"], log: Log): void {
  let interruptedAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === "SIGINT") {
      const nowMs = performance.now();
      if (interruptedAtMs !== null && nowMs - interruptedAtMs > SAME_INTERRUPT_MS)
        process.exit(EXIT_INTERRUPTED);
      interruptedAtMs ??= nowMs;
    }
    void stop(signal).then((isClean) => process.exit(isClean ? 0 : 1));
  };
  const onError = (error: unknown): void => {
    log.error({ error }, "an error nobody caught; stopping");
    void stop("an error nobody caught").then(() => process.exit(1));
  };
  // postgres.js asks for array types behind everybody's back when it connects; a database that dies just then rejects a promise
  // that nobody can hold (3.4.9, `fetchArrayTypes` in connection.js). Whoever needed that connection is told by its own statement.
  const onRejection = (error: unknown): void => {
    if (isConnectionError(error)) log.warn({ error }, "a connection was lost while it was made");
    else onError(error);
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("SIGHUP", onSignal);
  process.on("uncaughtException", onError).on("unhandledRejection", onRejection);
}
