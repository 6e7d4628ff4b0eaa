/**
 * Makes a snapshot: a database as this version of the engine leaves it when it dies with runs in every plight. Its argument is the file to
 * write. Run it before a migration is added, or from a checkout of the commit before:
 *
 *     node cli/src/proof/previous-schema/make-snapshot.ts cli/src/proof/previous-schema/snapshots/0003.sql
 */
import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { errorsOf } from "@sluice/contracts/problem";
import { createEngine } from "@sluice/engine";
import type { Engine } from "@sluice/engine";
import { local } from "@sluice/engine/participant";
import type { AnyTypes, LocalHandlers } from "@sluice/engine/participant";
import { createPostgresStore, postgresMigrations } from "@sluice/engine/postgres";
import { closePostgres, openPostgres } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { openClosable } from "../closable.ts";
import type { OnClose } from "../closable.ts";
import { eventIdOf } from "../points/play-purchase.ts";
import { POINT_OPTIONS } from "../points/point-options.ts";
import { chargeHandlers, stockParticipant } from "../points/purchase-app.ts";
import { PURCHASE, PURCHASE_FLOWS, SETTLING } from "../points/purchase-flow.ts";
import { within } from "../points/within.ts";
import { prepareSchemas, startDatabase } from "../storm/open-database.ts";
import { carryOut } from "../storm/participants/memorable.ts";
import { postgresInbox } from "../storm/participants/postgres-inbox.ts";
import { REMOTE_CHANNEL } from "../storm/storm-app.ts";
import { dumpSchemas } from "./dump-schemas.ts";
import { SNAPSHOT_RUNS, SNAPSHOT_SEED, TOLD, plightOf } from "./snapshot-runs.ts";
import type { Plight, SnapshotRun } from "./snapshot-runs.ts";

const seed = SNAPSHOT_SEED;
const LOOK_EVERY_MS = 20;
const PLIGHT_MS_MAX = 30_000;
const CONNECTIONS_MAX = 8;

const refusal = errorsOf({ PROOF_REFUSED: "invalid" });

type Handler = (command: CommandMessage) => Promise<unknown>;

/** Nobody answers, or nobody wants to, where a run's plight says so. */
function unless(plight: Plight, answer: Handler): Handler {
  return (command) => {
    const found = plightOf(command.data);
    if (found === "refused" && command.type === "Ship")
      throw refusal("PROOF_REFUSED", "the address is unknown");
    return found === plight ? new Promise(() => {}) : answer(command);
  };
}

async function startEngine(databaseUrl: string, sql: Sql, onClose: OnClose): Promise<Engine> {
  const inbox = postgresInbox(sql);
  const charge = chargeHandlers(seed, sql) as Readonly<Record<"Charge" | "UndoCharge", Handler>>;
  const ship: Handler = (command) =>
    inbox.once(command.commandId, (transaction) =>
      carryOut(command, { seed, channel: REMOTE_CHANNEL, sql: transaction }),
    );
  const handlers = {
    Charge: unless("charging", charge.Charge),
    UndoCharge: unless("taking-back", charge.UndoCharge),
  };
  const store = createPostgresStore({ target: databaseUrl, engineId: randomUUID() });
  onClose(() => store.close());
  const engine = await createEngine({
    store,
    flows: PURCHASE_FLOWS.flatMap(({ versions }) => versions),
    participants: [
      stockParticipant(seed),
      local("local", handlers as LocalHandlers<AnyTypes>),
      local(REMOTE_CHANNEL, { Ship: unless("shipping", ship) } as LocalHandlers<AnyTypes>),
    ],
    options: { ...POINT_OPTIONS, stopMs: 0 },
  });
  onClose(() => engine.stop());
  await engine.start();
  return engine;
}

/** How a run of each plight is known, before and after it was told something. */
const FOUND: Readonly<Record<Plight, readonly [string, string]>> = {
  settling: ["under-way", SETTLING],
  charging: ["charging", "charging"],
  shipping: ["shipping", "shipping"],
  waiting: ["under-way", "under-way"],
  refused: ["shipping", "shipping"],
  "taking-back": ["under-way", "under-way"],
  bought: ["under-way", "bought"],
};

async function bringAbout({ client }: Engine, { plight, wish }: SnapshotRun): Promise<void> {
  const { flow, ...start } = wish;
  const { runId } = await client.start(flow, start);
  const isIn = async (state: string): Promise<boolean> => {
    const run = await client.require(runId);
    return run.state === state && (run.parked !== null) === (plight === "refused");
  };
  const reach = (state: string) =>
    within(
      PLIGHT_MS_MAX,
      `${wish.key} to be ${state}`,
      (async () => {
        while (!(await isIn(state))) await sleep(LOOK_EVERY_MS);
      })(),
    );
  const [before, after] = FOUND[plight];
  await reach(before);
  const type = TOLD[plight];
  if (type === null) return;
  await client.send(runId, { id: eventIdOf(runId, type), type, data: { n: 1 } });
  if (plight !== "taking-back") await reach(after);
}

async function makeSnapshot(file: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-snapshot-"));
  // Others may enter it: the server of the database runs as another user where we are root.
  await chmod(directory, 0o755);
  const complain = (_promise: string, message: string): void => void process.stderr.write(`${message}\n`);
  const { close } = await openClosable(async (onClose) => {
    const data = { dataDirectory: join(directory, "data"), directory, report: complain };
    const { databaseUrl } = await startDatabase(data, onClose);
    const sql = await openPostgres(databaseUrl, {
      applicationName: "sluice-snapshot",
      connectionsMax: CONNECTIONS_MAX,
    });
    onClose(() => closePostgres(sql));
    await prepareSchemas(sql);
    const engine = await startEngine(databaseUrl, sql, onClose);
    await Promise.all(
      SNAPSHOT_RUNS.filter(({ plight }) => plight === "bought").map((run) => bringAbout(engine, run)),
    );
    await engine.operator.pause(
      { flow: PURCHASE, scope: "state", name: SETTLING },
      { by: "the maker", reason: "a timer is to wait" },
    );
    await Promise.all(
      SNAPSHOT_RUNS.filter(({ plight }) => plight !== "bought").map((run) => bringAbout(engine, run)),
    );
    await writeFile(
      file,
      await dumpSchemas(sql, [
        { schema: "sluice", migrations: postgresMigrations.directory },
        { schema: "proof", migrations: new URL("../storm/migrations/", import.meta.url) },
      ]),
    );
    return {};
  }, complain);
  await close(false);
  await rm(directory, { recursive: true });
}

await makeSnapshot(process.argv[2] ?? "snapshot.sql");
// Handlers that never answer are left.
process.exit(0);
