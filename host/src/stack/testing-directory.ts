/** Folders of the servers of tests. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { testFolder } from "../postgres/testing-folder.ts";

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

export const FOLDER_PREFIX = "sluice-stack-test-";

export function nextName(): string {
  return `${FOLDER_PREFIX}${process.pid}-${randomUUID().slice(0, 8)}`;
}
