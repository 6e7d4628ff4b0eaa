import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SILENT_LOG } from "@sluice/host/log";
import { startEmbeddedPostgres } from "@sluice/host/postgres";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { findFreePort } from "../up/free-port.ts";
import { sluice } from "../fixtures/terminal.ts";
import { PARCELS, startUp, urlOf } from "../fixtures/up-process.ts";

describe("processes of an app", () => {
  it("are engines and services, of which each stops in good order", async (t) => {
    const tcpPort = await findFreePort("127.0.0.1");
    const postgres = await startEmbeddedPostgres({
      dataDirectory: testDataDirectory(t),
      tcpPort,
      log: SILENT_LOG,
    });
    t.after(() => postgres.stop());
    const databaseUrl = postgres.tcpUrl ?? "";
    const carrier = startUp(t, { command: ["service", "carrier"], args: [] });
    const { service = "", health = "" } = await carrier.ready();
    assert.equal((await fetch(health)).status, 200);

    const replica = () =>
      startUp(t, {
        command: ["engine"],
        args: ["--database-url", databaseUrl],
        env: { PARCELS_CARRIER_URL: service },
      });
    const engines = [replica(), replica()];
    const [url = ""] = (await Promise.all(engines.map((engine) => engine.ready()))).map(urlOf);
    const started = await sluice([
      "start",
      "parcel",
      "--data",
      '{"address":"Elm 1"}',
      "--json",
      "--url",
      url,
    ]);
    const { runId } = JSON.parse(started.stdout);
    assert.equal((await sluice(["send", runId, "Paid", "--url", url])).exitCode, 0);
    assert.equal((await sluice(["runs", "watch", runId, "--url", url])).exitCode, 0);

    for (const each of [...engines, carrier]) {
      each.signal("SIGTERM");
      assert.equal(await each.ended, 0);
    }
  });

  it("are refused when they have no database that they need, or no name that is known", async () => {
    const refusals: [string[], RegExp][] = [
      [["engine", PARCELS], /set --database-url or SLUICE_DATABASE_URL.*\(CLI_NO_DATABASE\)/],
      [["service", "ledger", PARCELS], /the service ledger keeps things in a database.*\(CLI_NO_DATABASE\)/],
      [
        ["service", "carier", PARCELS],
        /has no service carier, expected one of: carrier, ledger.*\(CLI_BAD_APP\)/,
      ],
    ];
    for (const [args, message] of refusals) {
      const { exitCode, stderr } = await sluice(args);
      assert.match(stderr, message);
      assert.notEqual(exitCode, 0);
    }
  });
});
