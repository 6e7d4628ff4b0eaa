import assert from "node:assert/strict";
import { test } from "node:test";
import { lostConnection, reasonFromServer } from "./postgres-error.ts";

test("a server that cannot work says why in words", () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ code: "53100", severity: "ERROR" }, /disk is full/],
    [
      { code: "XX000", severity: "FATAL", message: "could not write init file: No space left on device" },
      /disk is full/,
    ],
    [
      { code: "58030", severity: "ERROR", message: "could not fsync: No space left on device" },
      /disk is full/,
    ],
    [{ code: "53200", severity: "ERROR" }, /no memory/],
    [{ code: "53300", severity: "FATAL" }, /no more connections/],
    [{ code: "53400", severity: "ERROR" }, /run out/],
    [{ code: "57P03", severity: "FATAL" }, /starting or stopping/],
    [{ code: "08006" }, /connection was lost/],
    [{ code: "XX000", severity: "PANIC", message: "no reason" }, /ended the connection/],
  ];
  for (const [error, reason] of cases)
    assert.match(reasonFromServer(error) ?? "", reason, JSON.stringify(error));
});

test("an answer about a statement is no reason to do without the database", () => {
  const answers = [
    { code: "23505", severity: "ERROR" },
    { code: "XX000", severity: "ERROR" },
    { code: "EPIPE" },
  ];
  for (const answer of [...answers, { code: 53_100 }, new Error("disk"), null, "53100"])
    assert.equal(reasonFromServer(answer), null);
});

test("the connection of a driver is told from that of any socket", () => {
  const lost = ["CONNECTION_CLOSED", "ECONNREFUSED", "23505", "ENOMEM"].map((code) =>
    lostConnection({ code }),
  );
  assert.deepEqual(lost, ["driver", "socket", null, null]);
  assert.equal(lostConnection(null), null);
});
