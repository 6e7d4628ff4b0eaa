/**
 * Java spends most of a start of Kafka on loading its classes. What it has loaded and checked once it can keep in an archive and map
 * into the next process: half the CPU of each start, on any machine. It fits one Java and one list of jars.
 * @see https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html: dynamic archives
 */
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { endServer } from "../../server-process.ts";
import { launchServer } from "../launch.ts";
import { choosePorts } from "../ports.ts";
import { findServer } from "../running-server.ts";
import type { Place } from "../server-adapter.ts";
import { makeHome } from "../server-folder.ts";
import { serverUserOf } from "../server-user.ts";
import { greetKafka } from "./greet.ts";
import type { Java } from "./java.ts";
import { makeTopicsFolder } from "./metadata.ts";
import { KAFKA_PORTS, KAFKA_USERS, kafkaLaunch } from "./settings.ts";

export function archiveFile(releaseFolder: string, { version }: Java): string {
  return join(releaseFolder, `classes-java-${version}.jsa`);
}

export interface Recording {
  readonly java: Java;
  readonly releaseFolder: string;
  readonly jars: readonly string[];
  readonly signal: AbortSignal;
}

const START_MS = 180_000;
/** It writes the archive when it ends. */
const END_MS = 180_000;
const KILL_MS = 5_000;

/**
 * Starts Kafka once, on a folder that is thrown away, and keeps what Java has loaded.
 * @throws HOST_SERVER_START_FAILED (unavailable) when Kafka does not start here
 */
export async function recordClasses({ java, releaseFolder, jars, signal }: Recording): Promise<void> {
  await removeLeftovers(releaseFolder);
  const root = await mkdtemp(join(releaseFolder, PREFIX));
  try {
    const place = await makePlace(root);
    await makeTopicsFolder(releaseFolder, place);
    const draft = join(place.home, "classes.jsa");
    const launch = kafkaLaunch({ java: java.program, jars, classArchive: undefined }, place);
    const { process } = await launchServer({
      adapter: { name: "kafka", title: "Kafka", greet: ({ ports }) => greetKafka(ports[0]) },
      layout: layoutOf(root),
      place,
      launch: { ...launch, args: [`-XX:ArchiveClassesAtExit=${draft}`, ...launch.args] },
      startMs: START_MS,
      signal,
    });
    await endServer(process, [
      ["SIGTERM", END_MS],
      ["SIGKILL", KILL_MS],
    ]);
    await keep(draft, archiveFile(releaseFolder, java));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const PREFIX = ".recording-";

function layoutOf(root: string) {
  return {
    root,
    home: join(root, "data"),
    pidFile: join(root, "server.pid"),
    logFile: join(root, "log", "kafka.log"),
  };
}

/** What a recording that was killed has left. */
async function removeLeftovers(releaseFolder: string): Promise<void> {
  for (const name of await readdir(releaseFolder)) {
    if (!name.startsWith(PREFIX)) continue;
    const root = join(releaseFolder, name);
    const running = await findServer(layoutOf(root));
    if (running !== undefined) await endServer(running, [["SIGKILL", KILL_MS]]);
    await rm(root, { recursive: true, force: true });
  }
}

async function makePlace(root: string): Promise<Place> {
  const { home } = layoutOf(root);
  const user = serverUserOf(KAFKA_USERS, home);
  await chmod(root, 0o755);
  await mkdir(join(root, "log"));
  await makeHome(home, user);
  const ports = await choosePorts(KAFKA_PORTS, { port: 0, former: undefined });
  return { root, home, user, ports, secret: "" };
}

/** It was written by the server's user, who must not be able to change what everybody runs. */
async function keep(draft: string, archive: string): Promise<void> {
  await chown(draft, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  await chmod(draft, 0o644);
  await rename(draft, archive);
}
