import assert from "node:assert/strict";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { SILENT_LOG } from "@sluice/host/log";
import { closePostgres, openPostgres, startEmbeddedPostgres } from "@sluice/host/postgres";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { findFreePort } from "./free-port.ts";
import { sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";
import { PARCELS, startUp, urlOf } from "../fixtures/up-process.ts";

const FAULTY = join(import.meta.dirname, "../fixtures/faulty-app.ts");

async function get(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

const ORDER = ["--data", '{"address":"Elm 1"}'];

describe("sluice up", () => {
  it("serves an app from an empty folder, and audit checks it while it runs and after", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const up = startUp(t, { args: ["--data-dir", dataDirectory] });
    const links = await up.ready();
    const url = urlOf(links);
    assert.deepEqual(Object.keys(links), [
      "API",
      "docs",
      "OpenAPI",
      "health",
      "metrics",
      "parcels",
      "database",
      "data directory",
    ]);
    assert.equal(links["data directory"], dataDirectory);
    assert.match(links["database"] ?? "", /^psql -h .+ -U sluice postgres$/);

    assert.equal((await get(`${url}/readyz`)).status, 200);
    const { paths } = JSON.parse((await get(`${url}/openapi.json`)).text);
    assert.ok("/v1/runs" in paths && "/parcels" in paths);
    assert.match((await get(`${url}/metrics`)).text, /^sluice_lanes_owned 16$/m);
    assert.equal((await get(`${url}/docs/static/index.html`)).status, 200);

    const bought = await sluice(["start", "parcel", ...ORDER, "--json", "--url", url]);
    const { runId } = JSON.parse(bought.stdout);
    assert.equal((await sluice(["send", runId, "Paid", "--url", url])).exitCode, 0);
    assert.equal((await sluice(["runs", "watch", runId, "--url", url])).exitCode, 0);
    assert.equal((await get(links["parcels"] ?? "")).text, '{"parcels":1}');

    const audit = (...args: string[]) => sluice(["audit", "--data-dir", dataDirectory, ...args]);
    const running = await audit("--app", PARCELS);
    assert.deepEqual([running.exitCode, running.stderr], [0, ""]);
    assert.match(running.stdout, /^I1 +ok +the history of each run/m);
    assert.match(running.stdout, /^app +ok +each parcel is packed once$/m);
    assert.match(running.stdout, /^1 run and 4 history entries were checked\./m);

    up.signal("SIGINT");
    assert.equal(await up.ended, 0, up.output.stdout);
    assert.equal(await isPostgresThere(dataDirectory), false);
    const stopped = await audit("--quiet-database");
    assert.deepEqual([stopped.exitCode, stopped.stderr], [0, ""]);
    assert.equal(await isPostgresThere(dataDirectory), false);
  });

  it("warns of a variable that nobody reads", async (t) => {
    const up = startUp(t, {
      args: ["--data-dir", testDataDirectory(t)],
      env: {
        SLUICE_HTTP_PROT: "8080",
        SLUICE_URL: "http://127.0.0.1:1",
        SLUICE_API_KEY: "slk_of_other_commands",
        SLUICE_BY: "anna",
        SLUICE_LOG_LEVEL: "info",
        PARCELS_SHIP_MS: "0",
      },
    });
    await up.ready();
    const told = up.output.stdout.split("\n").filter((line) => line.includes("nobody reads"));
    assert.deepEqual(
      told.map((line) => JSON.parse(line).msg),
      ["nobody reads the variable SLUICE_HTTP_PROT; did you mean SLUICE_HTTP_PORT?"],
    );
  });

  it("prints one table of what there is, for people", async (t) => {
    const up = startUp(t, {
      args: ["--data-dir", testDataDirectory(t), "--log-level", "warn"],
      isJson: false,
    });
    await until("the table", () => up.output.stdout.includes("Ctrl-C stops"), 40_000);
    const { stdout } = up.output;
    assert.match(stdout, /^API +http:\/\/127\.0\.0\.1:\d+\/v1$/m);
    assert.match(stdout, /^docs +http:\/\/127\.0\.0\.1:\d+\/docs$/m);
    assert.match(stdout, /^parcels +http:\/\/127\.0\.0\.1:\d+\/parcels$/m);
    assert.match(stdout, /^ready in \d+ ms; Ctrl-C stops$/m);
    up.signal("SIGTERM");
    assert.equal(await up.ended, 0);
  });

  it("shares the lanes of a database with another, which takes over when it stops", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const tcpPort = await findFreePort("127.0.0.1");
    const postgres = await startEmbeddedPostgres({ dataDirectory, tcpPort, log: SILENT_LOG });
    t.after(() => postgres.stop());
    const args = ["--database-url", postgres.tcpUrl ?? ""];
    const first = startUp(t, { args });
    const firstUrl = urlOf(await first.ready());
    const second = startUp(t, { args });
    const secondUrl = urlOf(await second.ready());

    const lanesOf = async (url: string) =>
      Number(/^sluice_lanes_owned (\d+)$/m.exec((await get(`${url}/metrics`)).text)?.[1]);
    await until(
      "an even share",
      async () => (await lanesOf(firstUrl)) === 8 && (await lanesOf(secondUrl)) === 8,
    );
    for (const url of [firstUrl, secondUrl]) {
      for (let n = 0; n < 8; n++) {
        const { runId } = JSON.parse(
          (await sluice(["start", "parcel", ...ORDER, "--json", "--url", url])).stdout,
        );
        assert.equal((await sluice(["send", runId, "Paid", "--url", url])).exitCode, 0);
        assert.equal((await sluice(["runs", "watch", runId, "--url", url])).exitCode, 0);
      }
    }
    first.signal("SIGTERM");
    assert.equal(await first.ended, 0, first.output.stdout);
    await until("all lanes", async () => (await lanesOf(secondUrl)) === 16);
    const audit = await sluice(["audit", ...args, "--app", PARCELS, "--json"]);
    assert.equal(audit.exitCode, 0, audit.stdout + audit.stderr);
    assert.equal(JSON.parse(audit.stdout).runs, 16);
  });

  it("says what is wrong with an app before it starts anything", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const up = startUp(t, {
      args: ["--data-dir", dataDirectory],
      app: join(import.meta.dirname, "app-file.ts"),
      isJson: false,
    });
    assert.equal(await up.ended, 2);
    assert.match(
      up.output.stderr,
      /^sluice: .*app-file\.ts exports .*, expected a value `app` .*\(CLI_BAD_APP\)\n$/,
    );
    assert.equal(await isPostgresThere(dataDirectory), false);
  });

  it("names the state and the line of each fault of a flow before it starts anything", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const up = startUp(t, { args: ["--data-dir", dataDirectory], app: FAULTY, isJson: false });
    assert.equal(await up.ended, 2);
    assert.match(
      up.output.stderr,
      /^sluice: flow letter has 1 error:\n .*faulty-app\.ts:\d+:\d+: state written goes to "snet".*\(FLOW_BAD_DEFINITION\)\n$/,
    );
    assert.equal(await isPostgresThere(dataDirectory), false);
  });

  it("refuses a database whose schema is newer", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const up = startUp(t, { args: ["--data-dir", dataDirectory] });
    await up.ready();
    up.signal("SIGINT");
    await up.ended;
    await addMigration(dataDirectory);
    const again = startUp(t, { args: ["--data-dir", dataDirectory], isJson: false });
    assert.equal(await again.ended, 1);
    assert.match(
      again.output.stderr,
      /^sluice: engine: the schema is at 9999-from-the-future, expected at most number .*\(HOST_SCHEMA_TOO_NEW\)\n$/,
    );
    assert.equal(await isPostgresThere(dataDirectory), false);
    const audit = await sluice(["audit", "--data-dir", dataDirectory]);
    assert.equal(audit.exitCode, 1);
    assert.match(audit.stderr, /schema of the database is at number 9999, expected \d+/);
  });
});

describe("sluice audit", () => {
  it("ends with 1 and names what it found", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const up = startUp(t, { args: ["--data-dir", dataDirectory] });
    await up.ready();
    const env = { PARCELS_FAULT: "run 7 was packed twice" };
    const args = ["audit", "--data-dir", dataDirectory, "--app", PARCELS];
    const { exitCode, stdout } = await sluice(args, { env });
    assert.equal(exitCode, 1);
    assert.match(stdout, /^app +1 fault +each parcel is packed once$/m);
    assert.match(stdout, /^app {2}each parcel is packed once: run 7 was packed twice$/m);
    const json = JSON.parse((await sluice([...args, "--json"], { env })).stdout);
    assert.equal(json.isClean, false);
    assert.deepEqual(json.laws, [
      { name: "each parcel is packed once", findings: ["run 7 was packed twice"] },
    ]);
    assert.deepEqual(
      json.invariants.map(({ invariant, faults }: { invariant: string; faults: number }) => [
        invariant,
        faults,
      ]),
      [
        ["I1", 0],
        ["I3", 0],
        ["I4", 0],
        ["I6", 0],
      ],
    );
  });

  it("makes no database where there is none", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const args = ["audit", "--data-dir", dataDirectory];
    const missing = await sluice(args);
    assert.equal(missing.exitCode, 1);
    assert.match(missing.stderr, /^sluice: there is no data directory .*\(CLI_NO_DATABASE\)\n$/);
    await assert.rejects(readdir(dataDirectory), { code: "ENOENT" });

    await mkdir(dataDirectory);
    const empty = await sluice(args);
    assert.equal(empty.exitCode, 1);
    assert.match(
      empty.stderr,
      /^sluice: there is no database in the data directory .*\(CLI_NO_DATABASE\)\n$/,
    );
    assert.deepEqual(await readdir(dataDirectory), []);
  });

  it("asks a server that runs whatever room its disk has left", async (t) => {
    const dataDirectory = testDataDirectory(t);
    await startUp(t, { args: ["--data-dir", dataDirectory] }).ready();
    const env = { SLUICE_DATABASE_FREE_BYTES_MIN: String(Number.MAX_SAFE_INTEGER) };
    const before = await readdir(dataDirectory);
    const audit = await sluice(["audit", "--data-dir", dataDirectory], { env });
    assert.deepEqual([audit.exitCode, audit.stderr], [0, ""]);
    assert.deepEqual(await readdir(dataDirectory), before);
  });

  it("ends with 3 when the database does not answer", async () => {
    const { exitCode, stderr } = await sluice([
      "audit",
      "--database-url",
      "postgres://nobody@127.0.0.1:1/nothing",
    ]);
    assert.equal(exitCode, 3);
    assert.match(stderr, /\(HOST_DATABASE_UNAVAILABLE\)\n$/);
  });
});

/** Whether a server runs on the cluster of a data directory. */
async function isPostgresThere(dataDirectory: string): Promise<boolean> {
  const file = join(dataDirectory, "postgres", "postmaster.pid");
  return readFile(file).then(
    () => true,
    () => false,
  );
}

async function addMigration(dataDirectory: string): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDirectory, log: SILENT_LOG });
  const sql = await openPostgres(postgres.target, { applicationName: "sluice-test" });
  await sql`insert into sluice.sluice_migrations (room, number, name, checksum) values ('engine', 9999, '9999-from-the-future', '')`;
  await closePostgres(sql);
  await postgres.stop();
}
