/** What the acts that strike at points play in: a Postgres with fsync on, one engine at a time on a wire that can be cut, one caller. */
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { CallerLedger } from "@sluice/engine/random-flows";
import type { Report } from "@sluice/engine/random-flows";
import { closePostgres, openPostgres } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import type { Stage } from "../act.ts";
import { openClosable } from "../closable.ts";
import type { Closable, OnClose } from "../closable.ts";
import { prepareSchemas, startDatabase } from "../storm/open-database.ts";
import { Outside } from "../storm/load/outside.ts";
import { startRemoteParticipant } from "./remote-participant.ts";
import { Succession } from "./succession.ts";
import { Wire } from "./wire.ts";

export interface PointWorldOptions extends Pick<Stage, "seed" | "directory" | "env" | "stop"> {
  readonly report: Report;
  /** Makes the tables, or what stands for them. @default the schemas as they are now */
  readonly prepare?: (sql: Sql) => Promise<void>;
}

export interface PointWorld extends Closable, Omit<PointWorldOptions, "directory" | "env" | "prepare"> {
  readonly sql: Sql;
  readonly databaseUrl: string;
  readonly wire: Wire;
  readonly engines: Succession;
  readonly outside: Outside;
  readonly ledger: CallerLedger;
}

const CONNECTIONS_MAX = 8;

export function openPointWorld(options: PointWorldOptions): Promise<PointWorld> {
  return openClosable((onClose) => makeWorld(options, onClose), options.report);
}

async function makeWorld(
  { seed, directory, env, stop, report, prepare = prepareSchemas }: PointWorldOptions,
  onClose: OnClose,
): Promise<Omit<PointWorld, "close">> {
  const data = { dataDirectory: join(directory, "data"), directory, report };
  const { databaseUrl } = await startDatabase(data, onClose);
  const sql = await openPostgres(databaseUrl, {
    applicationName: "sluice-proof",
    connectionsMax: CONNECTIONS_MAX,
  });
  onClose(() => closePostgres(sql));
  await prepare(sql);
  const participantsUrl = await startRemoteParticipant(seed, sql, onClose);
  const wire = await Wire.open(databaseUrl);
  onClose(() => wire.close());
  const logs = join(directory, "logs");
  await mkdir(logs);
  const succession = {
    seed,
    env,
    stop,
    directory: logs,
    databaseUrl,
    storeUrl: wire.urlOf(databaseUrl),
    participantsUrl,
    onEnd: (message: string): void => report("engine", message),
  };
  const engines = await Succession.start(succession, onClose);
  const outside = new Outside({
    urls: () => [engines.url],
    complain: (message) => report("engine", `a caller was told what nobody should be: ${message}`),
  });
  onClose(() => outside.close());
  return { seed, stop, report, sql, databaseUrl, wire, engines, outside, ledger: new CallerLedger() };
}
