/**
 * Real servers for tests, which install nothing: one of each kind per test process, started when it is first asked for and ended with
 * the process, or one of a test's own, which it may kill.
 */
import { randomUUID } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { env } from "node:process";
import { after } from "node:test";
import type { TestContext } from "node:test";
import { SILENT_LOG } from "../log.ts";
import { testFolder } from "../postgres/testing-folder.ts";
import { ADAPTERS } from "./adapters.ts";
import { endServerIn } from "./end-server.ts";
import { findPrograms, missingError } from "./obtain.ts";
import { resolveStackOptions } from "./options.ts";
import type { ResolvedStackOptions } from "./options.ts";
import { SERVER_NAMES } from "./server-adapter.ts";
import type { Finding, ServerName } from "./server-adapter.ts";
import { startServer } from "./server.ts";
import type { Server, StartServerOptions } from "./server.ts";

export type { Server } from "./server.ts";

/**
 * Why tests of a server are skipped on this machine, in one line; `false`: it can be had.
 * `describe("…", { skip: await whyMissing("kafka") }, …)` shows the line.
 */
export async function whyMissing(name: ServerName): Promise<string | false> {
  const finding = await findOnce(name);
  if ("installed" in finding) return false;
  return `${ADAPTERS[name].title} is not here: ${finding.missing.found}; ${finding.missing.remedy}`;
}

const findings: Partial<Record<ServerName, Promise<Finding>>> = {};

/** What is on this machine does not change while a test process runs, and looking takes its time: of Kafka every byte is checked. */
function findOnce(name: ServerName): Promise<Finding> {
  return (findings[name] ??= findPrograms(ADAPTERS[name], optionsIn(testFolder()).machine));
}

export interface TestServerOptions {
  /** A server of this test alone, which it may kill and stop; it is ended after the test. @default one for the whole process */
  readonly own?: boolean;
}

/** A running Kafka, on any free port. @throws HOST_SERVER_MISSING (unavailable) where `whyMissing` has a reason */
export function testKafka(t: TestContext, options?: TestServerOptions): Promise<Server> {
  return testServer(t, "kafka", options);
}

/** A running RabbitMQ, on any free port. @throws HOST_SERVER_MISSING (unavailable) where `whyMissing` has a reason */
export function testRabbitmq(t: TestContext, options?: TestServerOptions): Promise<Server> {
  return testServer(t, "rabbitmq", options);
}

/** A running Redis, on any free port. @throws HOST_SERVER_MISSING (unavailable) where `whyMissing` has a reason */
export function testRedis(t: TestContext, options?: TestServerOptions): Promise<Server> {
  return testServer(t, "redis", options);
}

async function testServer(t: TestContext, name: ServerName, { own = false }: TestServerOptions = {}) {
  if (!own) return (shared[name] ??= startShared(name));
  const server = await startTestServer(name, testServerDirectory(t));
  t.after(() => server.stop());
  return server;
}

const shared: Partial<Record<ServerName, Promise<Server>>> = {};

async function startShared(name: ServerName): Promise<Server> {
  await removeLeftovers();
  return startTestServer(name, join(testFolder(), nextName()));
}

after(async () => {
  for (const starting of Object.values(shared)) {
    const server = await starting.catch(() => undefined);
    await server?.stop();
    if (server !== undefined) await rm(server.directory, { recursive: true, force: true });
  }
});

/** Starts a server in a folder, on a port of the system's choice unless another is wished for. */
export async function startTestServer(
  name: ServerName,
  directory: string,
  wishes: Partial<StartServerOptions> = {},
): Promise<Server> {
  const options = optionsIn(directory);
  const finding = await findOnce(name);
  if ("missing" in finding) throw missingError(ADAPTERS[name], finding.missing);
  return startServer(ADAPTERS[name], finding.installed, {
    ...options,
    directory,
    port: 0,
    log: SILENT_LOG,
    ...wishes,
  });
}

/** What a test, or a suite, offers to clean up after it. */
export interface Hooks {
  after(hook: () => unknown): unknown;
}

/** The path of a folder for a server of this test, which does not exist yet, lies where its user can reach it, and is removed after. */
export function testServerDirectory(t: Hooks): string {
  const directory = join(testFolder(), nextName());
  // After the hooks that the test adds later, which end the server.
  t.after(() => t.after(() => rm(directory, { recursive: true, force: true })));
  return directory;
}

/** A machine's own folders count, where its owner has named them. */
function optionsIn(dataDirectory: string): ResolvedStackOptions {
  return resolveStackOptions({ dataDirectory, install: false }, env);
}

const FOLDER_PREFIX = "sluice-stack-test-";

function nextName(): string {
  return `${FOLDER_PREFIX}${process.pid}-${randomUUID().slice(0, 8)}`;
}

/** Younger folders may be in the middle of being made. */
const LEFTOVER_AGE_MS = 600_000;

/** Ends the servers and removes the folders of test processes that were killed. */
async function removeLeftovers(): Promise<void> {
  const parent = testFolder();
  for (const name of await readdir(parent)) {
    // Another test process may be removing it too, or it is another user's.
    if (name.startsWith(FOLDER_PREFIX)) await removeLeftover(join(parent, name)).catch(() => {});
  }
}

async function removeLeftover(folder: string): Promise<void> {
  const { mtimeMs } = await stat(folder);
  if (Date.now() - mtimeMs < LEFTOVER_AGE_MS) return;
  for (const name of SERVER_NAMES) await endServerIn(ADAPTERS[name], folder, 0);
  await rm(folder, { recursive: true, force: true });
}
