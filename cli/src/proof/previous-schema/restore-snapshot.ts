import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "@sluice/host/postgres";

/** A database of a former schema: the script that makes it, and the number of the schema's newest migration. */
export interface Snapshot {
  readonly file: string;
  readonly schemaNumber: number;
}

const FOLDER = join(import.meta.dirname, "snapshots");

/** The oldest first. */
export async function listSnapshots(): Promise<readonly Snapshot[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}\.sql$/.test(name)).toSorted();
  return names.map((name) => ({ file: join(FOLDER, name), schemaNumber: Number(name.slice(0, 4)) }));
}

/** Into an empty database, by a superuser: rows come as they were, and no trigger fires for them. */
export async function restoreSnapshot(sql: Sql, { file }: Snapshot): Promise<void> {
  await sql.unsafe(await readFile(file, "utf8"));
}
