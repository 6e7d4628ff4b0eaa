import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { hostError } from "./errors.ts";
import { readableLine } from "./log-line.ts";
import { createLog } from "./log.ts";
import type { LogFields, LogOptions } from "./log.ts";

function linesOf(
  write: (log: ReturnType<typeof createLog>) => void,
  options: LogOptions = {},
): readonly string[] {
  const lines: string[] = [];
  write(createLog({ ...options, destination: { write: (line) => void lines.push(line) } }));
  return lines;
}

function entryOf(fields: LogFields, message = "said"): Readonly<Record<string, unknown>> {
  return JSON.parse(linesOf((log) => log.info(fields, message))[0] ?? "") as Record<string, unknown>;
}

test("writes one JSON object per line with level, time and fields", () => {
  const { time, ...rest } = entryOf({ runId: "r-1" });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.deepEqual(rest, { level: "info", msg: "said", runId: "r-1" });
});

test("writes nothing below its level", () => {
  assert.equal(linesOf((log) => log.debug({}, "quiet")).length, 0);
  assert.equal(linesOf((log) => log.debug({}, "loud"), { level: "debug" }).length, 1);
});

test("adds the fields of a child to each of its lines", () => {
  const [line = ""] = linesOf((log) => log.child({ runId: "r-2" }).warn({}, "here"), {
    fields: { room: "engine" },
  });
  assert.match(line, /"room":"engine".*"runId":"r-2"/);
});

test("keeps code, fields and cause of an error", () => {
  const error = hostError("HOST_PORT_TAKEN", "taken", {
    fields: { port: 80 },
    cause: new Error("EADDRINUSE"),
  });
  const entry = entryOf({ error })["error"] as Record<string, unknown>;
  assert.equal(entry["code"], "HOST_PORT_TAKEN");
  assert.deepEqual(entry["fields"], { port: 80 });
  assert.match(String(entry["stack"]), /caused by: Error: EADDRINUSE/);
});

test("keeps an error that is plain data as it is", () => {
  const err = { kind: "invalid", message: "no box fits" };
  assert.deepEqual(entryOf({ err })["err"], err);
});

test("hides secrets wherever they stand in a line", () => {
  const lines = linesOf((log) =>
    log.info(
      {
        deep: { list: [{ headers: { authorization: "geheim", "set-cookie": ["a=geheim", "b=geheim"] } }] },
        password: 'ge"heim,geheim',
        apiKey: "geheim",
        url: "postgres://me:geheim@host/db",
        error: new Error("connect postgres://me:geh@eim@host/db with Bearer geheim.x-y== failed"),
      },
      "calling https://me:geheim@host/ with Basic geheim==",
    ),
  );
  assert.doesNotMatch(lines.join(), /geh@?eim/);
  const entry = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.equal(entry["url"], "postgres://me:[hidden]@host/db");
  assert.equal(entry["password"], "[hidden]");
});

test("leaves what only looks like a secret alone", () => {
  const entry = entryOf({ url: "http://host:8080/a@b", keys: 3, passwordResets: 2 }, "at 10:30@noon");
  assert.equal(entry["url"], "http://host:8080/a@b");
  assert.equal(entry["passwordResets"], 2);
  assert.equal(entry["msg"], "at 10:30@noon");
});

test("makes one readable line of an entry, with the stack of its error below", () => {
  const plain = (line: string): string => stripVTControlCharacters(readableLine(line));
  const entry = {
    level: "warn",
    time: "2026-01-02T03:04:05.678Z",
    msg: "slow",
    runId: "r-1",
    why: "two words",
    n: 2,
  };
  assert.equal(plain(JSON.stringify(entry)), '03:04:05.678 WARN  slow runId=r-1 why="two words" n=2\n');
  const failed = { ...entry, error: { code: "FLOW_X", message: "no", stack: "Error: no\n    at here" } };
  assert.match(plain(JSON.stringify(failed)), / n=2 \[FLOW_X\]\n {4}Error: no\n {8}at here\n$/);
  const plainData = { ...entry, err: { kind: "invalid", message: "no box fits" } };
  assert.match(plain(JSON.stringify(plainData)), / n=2 error="no box fits"\n$/);
  assert.match(
    plain(JSON.stringify({ ...entry, error: { code: "FLOW_X", message: "no" } })),
    / \[FLOW_X\] error=no\n$/,
  );
  assert.equal(readableLine("no JSON\n"), "no JSON\n");
});
