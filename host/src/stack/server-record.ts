/** How a server was started last, kept beside it: so that it comes back on its ports, and is adopted only when nothing has changed. */
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Launch } from "./server-adapter.ts";
import type { ServerLayout } from "./server-layout.ts";

export interface ServerRecord {
  readonly ports: readonly [number, ...number[]];
  /** Of everything the server was started with. */
  readonly fingerprint: string;
}

/** `undefined`: there is none that can be read. */
export async function readRecord({ recordFile }: ServerLayout): Promise<ServerRecord | undefined> {
  const text = await readFile(recordFile, "utf8").catch(() => "");
  try {
    const { ports, fingerprint } = Object(JSON.parse(text)) as Partial<Record<keyof ServerRecord, unknown>>;
    return isPorts(ports) && typeof fingerprint === "string" ? { ports, fingerprint } : undefined;
  } catch {
    return undefined;
  }
}

function isPorts(value: unknown): value is ServerRecord["ports"] {
  return Array.isArray(value) && value.length > 0 && value.every((port) => Number.isSafeInteger(port));
}

export async function writeRecord({ recordFile }: ServerLayout, record: ServerRecord): Promise<void> {
  const draft = `${recordFile}.draft`;
  await writeFile(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(draft, recordFile);
}

export function fingerprintOf(launch: Launch): string {
  return createHash("sha256").update(JSON.stringify(launch)).digest("hex");
}
