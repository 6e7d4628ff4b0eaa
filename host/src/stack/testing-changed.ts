/** Servers of a test that are started otherwise than the stack's: with TLS, with credentials, several of them as a cluster. */
import { randomUUID } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { ServerProcess } from "../server-process.ts";
import { endServer } from "../server-process.ts";
import { ADAPTERS } from "./adapters.ts";
import { launchServer } from "./launch.ts";
import { missingError } from "./obtain.ts";
import { choosePorts } from "./ports.ts";
import type { Launch, Place, ServerName } from "./server-adapter.ts";
import { makeHome } from "./server-folder.ts";
import { serverLayoutOf } from "./server-layout.ts";
import { serverUserOf } from "./server-user.ts";
import { testServerDirectory } from "./testing-directory.ts";
import type { Hooks } from "./testing-directory.ts";
import { findOnce } from "./testing-programs.ts";

export interface ServerChange {
  /** How it is started, made of how the stack would start it. */
  readonly launch: (launch: Launch) => Launch;
  /** Called when its folder is made, before its first start. */
  readonly made?: () => Promise<void>;
}

/** A server that answers; it is ended after the test. */
export interface ChangedServer {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** As the stack gives it: three at once on a busy machine take their time. */
const START_MS = 120_000;
const KILL_MS = 5_000;

/** Folders and free ports for servers of one kind: its usual ports, and so many further ones behind them. */
export async function choosePlaces(
  t: Hooks,
  name: ServerName,
  { count, furtherPorts }: { readonly count: number; readonly furtherPorts: number },
): Promise<readonly Place[]> {
  const adapter = ADAPTERS[name];
  const places: Place[] = [];
  for (let nth = 0; nth < count; nth++) {
    const { root, home, logFile } = serverLayoutOf(adapter, testServerDirectory(t));
    await mkdir(dirname(logFile), { recursive: true });
    // The server's own user has to get to its part.
    await chmod(root, 0o755);
    const user = serverUserOf(adapter.users, home);
    await makeHome(home, user);
    const wished = { ...adapter, innerPorts: adapter.innerPorts + furtherPorts };
    const ports = await choosePorts(wished, { port: 0, former: undefined });
    places.push({ root, home, user, ports, secret: randomUUID() });
  }
  return places;
}

/** @throws HOST_SERVER_MISSING, HOST_SERVER_START_FAILED (unavailable) */
export async function startChanged(
  t: Hooks,
  name: ServerName,
  place: Place,
  { launch, made }: ServerChange,
): Promise<ChangedServer> {
  const adapter = ADAPTERS[name];
  const finding = await findOnce(name);
  if ("missing" in finding) throw missingError(adapter, finding.missing);
  const { installed } = finding;
  await installed.make(place);
  await made?.();
  const { process } = await launchServer({
    adapter,
    layout: serverLayoutOf(adapter, place.root),
    place,
    launch: launch(installed.launchOf(place)),
    startMs: START_MS,
  });
  const end = async (): Promise<void> => {
    await kill(process);
    await adapter.cleanUp?.(place);
  };
  t.after(end);
  return { kill: () => kill(process) };
}

async function kill(process: ServerProcess): Promise<void> {
  await endServer(process, [["SIGKILL", KILL_MS]]);
}
