/**
 * Real servers for tests, which install nothing: one of each kind per test process, started when it is first asked for and ended with
 * the process, or one of a test's own, which it may kill.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";
import type { TestContext } from "node:test";
import { SILENT_LOG } from "../log.ts";
import { testFolder } from "../postgres/testing-folder.ts";
import { ADAPTERS } from "./adapters.ts";
import { endServerIn } from "./end-server.ts";
import { missingError } from "./obtain.ts";
import { SERVER_NAMES } from "./server-adapter.ts";
import type { ServerName } from "./server-adapter.ts";
import { startServer } from "./server.ts";
import type { Server, StartServerOptions } from "./server.ts";
import { FOLDER_PREFIX, nextName, testServerDirectory } from "./testing-directory.ts";
import { findOnce, optionsIn } from "./testing-programs.ts";

export type { Server } from "./server.ts";
export { testServerDirectory } from "./testing-directory.ts";
export type { Hooks } from "./testing-directory.ts";
export { choosePlaces, startChanged } from "./testing-changed.ts";
export type { ChangedServer, ServerChange } from "./testing-changed.ts";
export { testCertificate, whyNoCertificate } from "./testing-certificate.ts";
export type { TestCertificate } from "./testing-certificate.ts";
export type { Launch, Place } from "./server-adapter.ts";

/**
 * Why tests of a server are skipped on this machine, in one line; `false`: it can be had.
 * `describe("…", { skip: await whyMissing("kafka") }, …)` shows the line.
 */
export async function whyMissing(name: ServerName): Promise<string | false> {
  const finding = await findOnce(name);
  if ("installed" in finding) return false;
  return `${ADAPTERS[name].title} is not here: ${finding.missing.found}; ${finding.missing.remedy}`;
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
