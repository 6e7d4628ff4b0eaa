/**
 * Kafka's metadata log has to begin with a checkpoint that its own tool writes, which takes Java seconds. It says nothing about the
 * cluster it is for, so it is written once, with the install; a new folder gets a copy, and ids of its own.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { chown, copyFile, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../../data-folder.ts";
import { hostError } from "../../errors.ts";
import { runProgram } from "../install/run-program.ts";
import type { Place } from "../server-adapter.ts";
import type { Java } from "./java.ts";
import { KAFKA_SETTINGS, TOPICS_FOLDER } from "./settings.ts";

const CHECKPOINT = "bootstrap.checkpoint";
const FORMAT_MS = 120_000;

export interface Formatting {
  readonly java: Java;
  readonly folder: string;
  readonly jars: readonly string[];
  readonly signal: AbortSignal;
}

/** Lets Kafka's tool format a folder, of which the checkpoint is kept in `folder`. */
export async function formatTemplate({ java, folder, jars, signal }: Formatting): Promise<void> {
  const topics = join(folder, "formatted");
  const settings = join(folder, "format.properties");
  const lines = Object.entries({
    ...KAFKA_SETTINGS,
    listeners: "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093",
    "controller.quorum.voters": "1@127.0.0.1:9093",
    "log.dirs": topics,
  }).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(settings, lines.join(""));
  const { exitCode, lastLines } = await runProgram({
    program: java.program,
    args: ["-cp", jars.join(":"), "kafka.tools.StorageTool", "format", "-t", newId(), "-c", settings],
    waitMs: FORMAT_MS,
    signal,
  });
  if (exitCode !== 0) {
    throw hostError(
      "HOST_SERVER_INSTALL_FAILED",
      `Kafka's storage tool ended with ${exitCode ?? "a signal"}, expected 0; its last lines:\n${lastLines.join("\n")}`,
    );
  }
  await rename(join(topics, CHECKPOINT), join(folder, CHECKPOINT));
  await rm(topics, { recursive: true });
  await rm(settings);
}

/** Makes the folder of the topics unless there is one: whole, or not at all. */
export async function makeTopicsFolder(releaseFolder: string, { home, user }: Place): Promise<void> {
  const folder = join(home, TOPICS_FOLDER);
  if (await exists(folder)) return;
  await removeDrafts(home);
  const draft = join(home, `${DRAFT_PREFIX}${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  const properties = { version: "1", "node.id": "1", "cluster.id": newId(), "directory.id": newId() };
  const text = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(draft, "meta.properties"), text.join(""));
  await copyFile(join(releaseFolder, CHECKPOINT), join(draft, CHECKPOINT));
  if (user !== undefined) {
    for (const path of [draft, join(draft, "meta.properties"), join(draft, CHECKPOINT)])
      await chown(path, user.uid, user.gid);
  }
  await rename(draft, folder);
}

const DRAFT_PREFIX = `${TOPICS_FOLDER}.draft-`;

/** What a start that was killed has left. */
async function removeDrafts(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith(DRAFT_PREFIX)) await rm(join(home, name), { recursive: true, force: true });
  }
}

/** As Kafka writes ids: 16 bytes in base64url. It takes none that begins with a hyphen, which a shell would take for an option. */
function newId(): string {
  const id = randomBytes(16).toString("base64url");
  return id.startsWith("-") ? newId() : id;
}
