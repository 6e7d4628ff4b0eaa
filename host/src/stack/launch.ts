/** One start of a server: its files, its process, and the wait until it answers in its own protocol. */
import { setTimeout as sleep } from "node:timers/promises";
import { hostError } from "../errors.ts";
import { endServer, readLogTail, spawnServer } from "../server-process.ts";
import type { ServerProcess } from "../server-process.ts";
import type { Greeting, Launch, Place, ServerAdapter } from "./server-adapter.ts";
import { writeFiles } from "./server-folder.ts";
import type { ServerLayout } from "./server-layout.ts";

export interface LaunchConfig {
  readonly adapter: Pick<ServerAdapter, "name" | "title" | "greet">;
  readonly layout: Pick<ServerLayout, "logFile" | "pidFile">;
  readonly place: Place;
  readonly launch: Launch;
  readonly startMs: number;
  /** Aborted when nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
}

/** A process that serves. */
export interface Serving {
  readonly process: ServerProcess;
  readonly greeting: Greeting;
}

/** How long a server that does not answer may take to end by SIGKILL. */
const KILL_MS = 5_000;

/**
 * Starts a process and waits until it answers; one that does not is ended again.
 * @throws HOST_SERVER_START_FAILED (unavailable) with the last lines of its log
 */
export async function launchServer(config: LaunchConfig): Promise<Serving> {
  const { layout, place, launch } = config;
  await writeFiles(place.home, launch.files, place.user);
  const { program, args, env } = launch;
  const process = await spawnServer({
    program,
    args,
    env,
    directory: place.home,
    ...layout,
    user: place.user,
  });
  try {
    return { process, greeting: await waitForGreeting(process, config) };
  } catch (error) {
    await endServer(process, [["SIGKILL", KILL_MS]]);
    throw error;
  }
}

const FIRST_WAIT_MS = 10;
const WAIT_MS_MAX = 100;

/** @throws HOST_SERVER_START_FAILED (unavailable) when it ended, or did not answer within `startMs` */
export async function waitForGreeting(
  process: ServerProcess,
  { adapter, place, layout, startMs, signal }: Omit<LaunchConfig, "launch">,
): Promise<Greeting> {
  const startedAtMs = performance.now();
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)) {
    signal?.throwIfAborted();
    if (process.hasExited()) throw await startFailed(adapter, layout, `it ended (${await process.exited})`);
    const greeting = await adapter.greet(place);
    // Not a stranger who has taken its port: ours must be there after the answer too.
    if (greeting !== undefined && !process.hasExited()) return greeting;
    if (performance.now() - startedAtMs > startMs)
      throw await startFailed(adapter, layout, `it did not answer within ${startMs} ms`);
    await sleep(waitMs);
  }
}

async function startFailed(
  { title, name }: Pick<ServerAdapter, "name" | "title">,
  { logFile }: Pick<ServerLayout, "logFile">,
  what: string,
): Promise<Error> {
  return hostError(
    "HOST_SERVER_START_FAILED",
    `${title} did not start: ${what}, expected it to answer; its log ${logFile} ends with:\n${await readLogTail(logFile)}`,
    { fields: { server: name, logFile } },
  );
}
