import assert from "node:assert/strict";
import { it } from "node:test";
import postgres from "postgres";
import { engineError } from "../../core/errors.ts";
import { isRefusal, toStoreError } from "./store-error.ts";

function serverError(code: string, severity = "ERROR", detail?: string): Error {
  const fields = { name: "PostgresError", code, severity, message: `error ${code}`, detail };
  return new postgres.PostgresError(fields as never);
}

function driverError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

it("takes a database that is away, busy or full as unavailable", () => {
  const away = [
    ...[
      "57P01",
      "57P02",
      "57P03",
      "57014",
      "53100",
      "53300",
      "08006",
      "40P01",
      "55P03",
      "25006",
      "28P01",
      "3D000",
    ].map((code) => serverError(code)),
    serverError("XX000", "FATAL"),
    ...[
      "CONNECTION_CLOSED",
      "CONNECT_TIMEOUT",
      "ECONNREFUSED",
      "ECONNRESET",
      "EPIPE",
      "ENOENT",
      "ENOTFOUND",
    ].map(driverError),
  ];
  for (const error of away) {
    const mapped = toStoreError(error) as {
      code: string;
      kind: string;
      retryAfterMs: number;
      cause: unknown;
    };
    assert.equal(mapped.code, "FLOW_STORE_UNAVAILABLE", error.message);
    assert.equal(mapped.kind, "unavailable");
    assert.ok(mapped.retryAfterMs > 0);
    assert.equal(mapped.cause, error);
  }
});

it("says in words what the database has run out of", () => {
  const full = toStoreError(serverError("53100")) as Error;
  assert.match(full.message, /its disk is full; free some space/);
  assert.doesNotMatch(full.message, /error 53100/);
});

it("leaves errors of a statement, of ours and of a bug as they came", () => {
  const errors = [
    serverError("23505"),
    serverError("22021"),
    engineError("FLOW_BAD_CURSOR", "no"),
    new TypeError("x"),
  ];
  for (const error of errors) assert.equal(toStoreError(error), error);
});

it("names the lanes a fence has refused", () => {
  const mapped = toStoreError(serverError("SL001", "ERROR", "3,17"));
  assert.equal((mapped as { code: string }).code, "FLOW_LANE_LOST");
  assert.deepEqual((mapped as { fields: unknown }).fields, { lanes: [3, 17] });
});

it("takes only the word of a living server as a refusal", () => {
  assert.equal(isRefusal(serverError("23505")), true);
  assert.equal(isRefusal(serverError("57014")), true);
  assert.equal(isRefusal(serverError("57P01", "FATAL")), false);
  assert.equal(isRefusal(driverError("CONNECTION_CLOSED")), false);
  assert.equal(isRefusal(engineError("FLOW_STORE_UNAVAILABLE", "no answer")), false);
});
