import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveUpOptions, variablesOfUp } from "./options.ts";

const FOLDER = "/tmp/project";

describe("the options of sluice up", () => {
  it("have defaults for one machine", () => {
    const { http, database, engine, logLevel, isJson } = resolveUpOptions({}, {}, FOLDER);
    assert.deepEqual([http.host, http.port], ["127.0.0.1", 7070]);
    assert.match(
      database.embedded?.dataDirectory ?? "",
      /\/tmp\/project\/\.sluice\/data$|^\/var\/lib\/sluice\/project-/,
    );
    assert.deepEqual(engine, {});
    assert.deepEqual([logLevel, isJson], ["info", false]);
  });

  it("take a flag before the environment", () => {
    const env = {
      SLUICE_HTTP_PORT: "7171",
      SLUICE_HOST: "0.0.0.0",
      SLUICE_DATABASE_DATA_DIRECTORY: "/tmp/elsewhere",
      SLUICE_LANES: "8",
      SLUICE_ENGINE_LEASE_MS: "3s",
      SLUICE_LOG_LEVEL: "warn",
      SLUICE_API_STREAMS_MAX: "7",
    };
    const fromEnv = resolveUpOptions({}, env, FOLDER);
    assert.deepEqual([fromEnv.http.port, fromEnv.http.host], [7171, "0.0.0.0"]);
    assert.equal(fromEnv.database.embedded?.dataDirectory, "/tmp/elsewhere");
    assert.deepEqual(fromEnv.engine, { lanes: 8, leaseMs: 3_000 });
    assert.equal(fromEnv.logLevel, "warn");
    assert.deepEqual(fromEnv.api, { streamsMax: 7 });

    const flags = { port: "0", host: "::1", dataDir: "data", lanes: "4", logLevel: "silent" };
    const fromFlags = resolveUpOptions(flags, env, FOLDER);
    assert.deepEqual([fromFlags.http.port, fromFlags.http.host], [0, "::1"]);
    assert.equal(fromFlags.database.embedded?.dataDirectory, "/tmp/project/data");
    assert.equal(fromFlags.engine.lanes, 4);
    assert.equal(fromFlags.logLevel, "silent");
  });

  it("keep runs for ever, or for as many days as are asked for", () => {
    const daysOf = (retentionDays: string | undefined, env = {}) =>
      resolveUpOptions({ retentionDays }, env, FOLDER).engine.retentionDays;
    assert.equal(daysOf(undefined), undefined);
    assert.equal(daysOf(undefined, { SLUICE_ENGINE_RETENTION_DAYS: "90" }), 90);
    assert.equal(daysOf("30", { SLUICE_ENGINE_RETENTION_DAYS: "90" }), 30);
    assert.throws(() => daysOf("0"), {
      code: "HOST_BAD_OPTION",
      message: /retentionDays is 0, expected a whole number from 1 to 36500; set --retention-days/,
    });
  });

  it("take a database by URL before a data directory, but a flag before a variable", () => {
    const url = "postgres://user@localhost/shop";
    const databaseOf = (
      flags: Parameters<typeof resolveUpOptions>[0],
      env: Parameters<typeof resolveUpOptions>[1],
    ) => resolveUpOptions(flags, env, FOLDER).database;
    assert.deepEqual(databaseOf({ databaseUrl: url }, {}), { url });
    assert.deepEqual(databaseOf({}, { SLUICE_DATABASE_URL: url }), { url });
    assert.deepEqual(databaseOf({ databaseUrl: url, dataDir: "/tmp/data" }, {}), { url });
    const flagged = databaseOf({ dataDir: "/tmp/data" }, { SLUICE_DATABASE_URL: url });
    assert.equal(flagged.embedded?.dataDirectory, "/tmp/data");
  });

  it("never take the server's address for a database", () => {
    const { database } = resolveUpOptions(
      { dataDir: "/tmp/data" },
      { SLUICE_URL: "http://127.0.0.1:7070" },
      FOLDER,
    );
    assert.equal(database.url, undefined);
  });

  it("that are wrong are refused with what was found, expected and where to set it", () => {
    const refused = (message: RegExp) => ({ code: "HOST_BAD_OPTION", message });
    assert.throws(
      () => resolveUpOptions({ port: "http" }, {}, FOLDER),
      refused(/port is "http".*; set --port or the variable SLUICE_HTTP_PORT$/),
    );
    assert.throws(
      () => resolveUpOptions({ lanes: "few" }, {}, FOLDER),
      refused(/lanes is "few".*; set --lanes or the variable SLUICE_ENGINE_LANES$/),
    );
    assert.throws(
      () => resolveUpOptions({ logLevel: "loud" }, {}, FOLDER),
      refused(/logLevel is "loud".*one of debug, info.*; set --log-level or the variable SLUICE_LOG_LEVEL$/),
    );
    assert.throws(
      () => resolveUpOptions({ dataDir: "" }, {}, FOLDER),
      refused(/dataDirectory is "".*; set --data-dir or the variable SLUICE_DATABASE_DATA_DIRECTORY$/),
    );
    const env = { SLUICE_DATABASE_URL: "mysql://user:secret@db/shop" };
    assert.throws(
      () => resolveUpOptions({}, env, FOLDER),
      (error: Error) =>
        /^database: url .*; set --database-url or the variable SLUICE_DATABASE_URL \(or SLUICE_DATABASE_URL_FILE\)$/.test(
          error.message,
        ) && !error.message.includes("secret"),
    );
  });

  it("that are wrong are refused all at once, whatever room they are of", () => {
    const env = {
      SLUICE_LOG_LEVEL: "loud",
      SLUICE_HTTP_PORT: "http",
      SLUICE_DATABASE_TCP_PORT: "0",
      SLUICE_DATABASE_STOP_MS: "soon",
      SLUICE_ENGINE_LANES: "0",
      SLUICE_ENGINE_WRITERS: "many",
    };
    assert.throws(
      () => resolveUpOptions({}, env, FOLDER),
      (error: Error) => {
        assert.deepEqual(
          error.message.split("\n").map((line) => line.split(/ is |,/).slice(0, 2)),
          [
            ["up: logLevel", '"loud" (from SLUICE_LOG_LEVEL)'],
            ["http: port", '"http" (from SLUICE_HTTP_PORT)'],
            ["database: tcpPort", '"0" (from SLUICE_DATABASE_TCP_PORT)'],
            ["database: stopMs", '"soon" (from SLUICE_DATABASE_STOP_MS)'],
            ["engine: lanes", "0"],
            ["engine: writers", '"many" (from SLUICE_ENGINE_WRITERS)'],
          ],
        );
        return true;
      },
    );
  });

  it("that the engine would refuse are refused here, before a database is started for it", () => {
    assert.throws(() => resolveUpOptions({}, { SLUICE_ENGINE_LANES: "0" }, FOLDER), {
      code: "HOST_BAD_OPTION",
      message:
        /^engine: lanes is 0, expected a whole number from 1 to \d+; set --lanes or the variable SLUICE_ENGINE_LANES$/,
    });
  });

  it("are read from variables that are all known, whichever are set", () => {
    const known = variablesOfUp(FOLDER);
    for (const variable of [
      "SLUICE_LOG_LEVEL",
      "SLUICE_HTTP_PORT",
      "SLUICE_DATABASE_URL_FILE",
      "SLUICE_DATABASE_DATA_DIRECTORY",
      "SLUICE_ENGINE_LEASE_MS",
      "SLUICE_UP_JSON",
    ])
      assert.ok(known.has(variable), variable);
    assert.ok(!known.has("SLUICE_CLI_DATABASE_URL"));
  });
});
