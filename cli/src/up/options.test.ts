import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveUpOptions } from "./options.ts";

const FOLDER = "/tmp/project";

describe("the options of sluice up", () => {
  it("have defaults for one machine", () => {
    const { http, database, engine, logLevel, isJson } = resolveUpOptions({}, {}, FOLDER);
    assert.deepEqual([http.host, http.port], ["127.0.0.1", 7070]);
    assert.match(
      database.embedded?.dataDirectory ?? "",
      /\/tmp\/project\/\.sluice\/data$|^\/var\/lib\/sluice\/project-/,
    );
    assert.deepEqual(engine, { lanes: null });
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
    };
    const fromEnv = resolveUpOptions({}, env, FOLDER);
    assert.deepEqual([fromEnv.http.port, fromEnv.http.host], [7171, "0.0.0.0"]);
    assert.equal(fromEnv.database.embedded?.dataDirectory, "/tmp/elsewhere");
    assert.deepEqual(fromEnv.engine, { lanes: 8, leaseMs: 3_000 });
    assert.equal(fromEnv.logLevel, "warn");

    const flags = { port: "0", host: "::1", dataDir: "data", lanes: "4", logLevel: "silent" };
    const fromFlags = resolveUpOptions(flags, env, FOLDER);
    assert.deepEqual([fromFlags.http.port, fromFlags.http.host], [0, "::1"]);
    assert.equal(fromFlags.database.embedded?.dataDirectory, "/tmp/project/data");
    assert.equal(fromFlags.engine.lanes, 4);
    assert.equal(fromFlags.logLevel, "silent");
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
      refused(/port is "http".*SLUICE_HTTP_PORT/),
    );
    assert.throws(
      () => resolveUpOptions({ lanes: "few" }, {}, FOLDER),
      refused(/lanes is "few".*SLUICE_ENGINE_LANES/),
    );
    assert.throws(
      () => resolveUpOptions({ logLevel: "loud" }, {}, FOLDER),
      refused(/logLevel is "loud".*one of debug, info/),
    );
    const env = { SLUICE_DATABASE_URL: "mysql://user:secret@db/shop" };
    assert.throws(
      () => resolveUpOptions({}, env, FOLDER),
      (error: Error) => /databaseUrl/.test(error.message) && !error.message.includes("secret"),
    );
  });
});
