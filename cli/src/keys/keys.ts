/** What `sluice keys` does: finds the database, as `sluice audit` does, and changes the stored keys. */
import { randomUUID } from "node:crypto";
import { checkKeyGrace, checkKeyLifetime, checkKeyName, manageKeys, RING_MS } from "@sluice/engine/http";
import type { ApiKey, Keys, NewKey } from "@sluice/engine/http";
import type { ApiScope } from "@sluice/engine";
import { createPostgresStore } from "@sluice/engine/postgres";
import { SILENT_LOG } from "@sluice/host/log";
import { closePostgres, openPostgres } from "@sluice/host/postgres";
import type { PostgresTarget } from "@sluice/host/postgres";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import type { JsonOption } from "../command.ts";
import { requireEngineSchema } from "../database/engine-schema.ts";
import type { DatabaseFlags } from "../database/flags.ts";
import { openDatabase } from "../database/open-database.ts";
import { resolveDatabaseOptions } from "../database/options.ts";
import type { ResolvedDatabaseOptions } from "../database/options.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { tame } from "../style.ts";
import { renderTable } from "../table.ts";
import type { Column } from "../table.ts";
import { userName } from "../user-name.ts";
import { firstKeyText } from "./first-key.ts";

export interface KeyFlags extends DatabaseFlags, JsonOption {}
export interface CreateFlags extends KeyFlags {
  readonly name: string;
  readonly scope: ApiScope;
  readonly expires?: number;
}
export interface RotateFlags extends KeyFlags {
  readonly grace: number;
}

export async function create(cli: Cli, flags: CreateFlags): Promise<ExitCode> {
  const wish = {
    name: flags.name,
    scopes: [flags.scope],
    endsInMs: flags.expires ?? null,
  };
  checkKeyName(wish.name);
  checkKeyLifetime(wish.endsInMs);
  const made = await withKeys(cli, flags, (keys) => keys.create(wish, byOf(cli)));
  return show(cli, flags, made);
}

export async function list(cli: Cli, flags: KeyFlags): Promise<ExitCode> {
  const keys = await withKeys(cli, flags, (each) => each.list());
  if (flags.json === true) printJson(cli, { items: keys.map(view) });
  else if (keys.length === 0)
    cli.stdout.write(`no keys; make one: ${firstKeyText(databaseOf(cli, flags))}\n`);
  else cli.stdout.write(renderTable(keys, COLUMNS, styleOf(cli)));
  return EXIT.ok;
}

export async function rotate(cli: Cli, keyId: string, flags: RotateFlags): Promise<ExitCode> {
  checkKeyGrace(flags.grace);
  const made = await withKeys(cli, flags, (keys) => keys.rotate(keyId, flags.grace, byOf(cli)));
  return show(cli, flags, made);
}

export async function revoke(cli: Cli, keyId: string, flags: KeyFlags): Promise<ExitCode> {
  await withKeys(cli, flags, (keys) => keys.revoke(keyId, byOf(cli)));
  if (flags.json === true) printJson(cli, { keyId, revoked: true });
  else cli.stdout.write(`key ${tame(keyId)} is revoked\n`);
  return EXIT.ok;
}

/** As the API records who needs no key. */
function byOf(cli: Cli): string {
  return userName(cli) ?? "local";
}

function databaseOf({ env, directory }: Cli, flags: KeyFlags): ResolvedDatabaseOptions {
  return resolveDatabaseOptions(flags, env, directory);
}

async function withKeys<T>(cli: Cli, flags: KeyFlags, work: (keys: Keys) => Promise<T>): Promise<T> {
  const { target, close } = await openDatabase(databaseOf(cli, flags), SILENT_LOG);
  try {
    await requireSchema(target);
    const store = createPostgresStore({ target, engineId: randomUUID() });
    try {
      return await work(manageKeys(store, randomUUID, { shownAfterMs: RING_MS }));
    } finally {
      await store.close();
    }
  } finally {
    await close();
  }
}

async function requireSchema(target: PostgresTarget): Promise<void> {
  const sql = await openPostgres(target, { applicationName: "sluice-keys", connectionsMax: 1 });
  try {
    await requireEngineSchema(sql);
  } finally {
    await closePostgres(sql);
  }
}

function show(cli: Cli, flags: KeyFlags, { row, key }: NewKey): ExitCode {
  if (flags.json === true) printJson(cli, { ...view(row), key });
  else {
    cli.stdout.write(`${key}\n`);
    cli.stderr.write(
      `key ${row.keyId} of ${tame(row.name)} may ${row.scopes.join(", ")}${untilText(row)}; it is not shown again\n`,
    );
  }
  return EXIT.ok;
}

function untilText({ expiresAtMs }: ApiKey): string {
  return expiresAtMs === null ? "" : ` until ${new Date(expiresAtMs).toISOString()}`;
}

function view(row: ApiKey): object {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const { keyId, name, scopes, createdAtMs, expiresAtMs, revokedAtMs } = row;
  return {
    keyId,
    name,
    scopes,
    createdAt: iso(createdAtMs),
    expiresAt: iso(expiresAtMs),
    revokedAt: iso(revokedAtMs),
  };
}

const COLUMNS: readonly Column<ApiKey>[] = [
  { title: "key", cell: ({ keyId }) => keyId },
  { title: "name", cell: ({ name }) => tame(name) },
  { title: "may", cell: ({ scopes }) => scopes.join(", ") },
  { title: "made", cell: ({ createdAtMs }) => new Date(createdAtMs).toISOString() },
  { title: "state", cell: stateOf },
];

function stateOf({ expiresAtMs, revokedAtMs }: ApiKey): string {
  if (revokedAtMs !== null) return `revoked ${new Date(revokedAtMs).toISOString()}`;
  if (expiresAtMs === null) return "valid";
  const isOver = expiresAtMs <= Date.now();
  return `${isOver ? "expired" : "valid until"} ${new Date(expiresAtMs).toISOString()}`;
}
