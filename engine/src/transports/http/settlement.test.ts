import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGINE_ERRORS } from "../../core/errors.ts";
import { settlementOf } from "./settlement.ts";

const TO = { type: "RefundPayment", url: "http://payments/commands" };
const NOW_MS = Date.parse("2026-07-01T12:00:00Z");

function settle(status: number, text: string | null = "", retryAfter?: string) {
  return settlementOf({ status, text, retryAfter }, TO, NOW_MS);
}

function errorOf(status: number, text: string | null = "", retryAfter?: string) {
  const settlement = settle(status, text, retryAfter);
  return settlement.type === "failed"
    ? settlement.error
    : assert.fail(`${status} settled as ${settlement.type}`);
}

test("an answer of 200 or 201 with an event is that event", () => {
  const text = '{"type":"PaymentRefunded","data":null,"more":1}';
  for (const status of [200, 201])
    assert.deepEqual(settle(status, text), {
      type: "answered",
      event: { type: "PaymentRefunded", data: null },
    });
});

test("an answer without an event is delivered, or no news", () => {
  assert.deepEqual(settle(200), { type: "delivered" });
  assert.deepEqual(settle(201), { type: "delivered" });
  assert.deepEqual(settle(202, "whatever"), { type: "delivered" });
  assert.deepEqual(settle(204), { type: "no-news" });
});

test("a good status with something that is no event is a bad answer", () => {
  for (const text of ["{", "[]", "null", '"x"', "{}", '{"type":1,"data":{}}', '{"type":"X"}', " ", null])
    assert.deepEqual([errorOf(200, text).code, errorOf(200, text).kind], ["FLOW_BAD_ANSWER", "bug"]);
});

test("each error status has the code and kind of its row", () => {
  const rows: readonly (readonly [number, string, string])[] = [
    [206, "FLOW_BAD_ANSWER", "bug"],
    [301, "FLOW_COMMAND_REFUSED", "invalid"],
    [307, "FLOW_COMMAND_REFUSED", "invalid"],
    [400, "FLOW_COMMAND_REFUSED", "invalid"],
    [401, "FLOW_COMMAND_REFUSED", "invalid"],
    [404, "FLOW_COMMAND_REFUSED", "invalid"],
    [408, "FLOW_COMMAND_TIMEOUT", "timeout"],
    [409, "FLOW_COMMAND_CONFLICT", "conflict"],
    [422, "FLOW_COMMAND_REFUSED", "invalid"],
    [429, "FLOW_COMMAND_OVERLOADED", "overloaded"],
    [500, "FLOW_COMMAND_UNREACHABLE", "unavailable"],
    [502, "FLOW_COMMAND_UNREACHABLE", "unavailable"],
    [503, "FLOW_COMMAND_UNREACHABLE", "unavailable"],
    [504, "FLOW_COMMAND_TIMEOUT", "timeout"],
    [507, "FLOW_COMMAND_UNREACHABLE", "unavailable"],
  ];
  for (const [status, code, kind] of rows)
    assert.deepEqual([status, errorOf(status).code, errorOf(status).kind], [status, code, kind]);
});

test("a code that an answer settles with stands in the catalogue with its kind", () => {
  for (const status of [206, 400, 409, 429, 500, 503, 504]) {
    const { code, kind } = errorOf(status);
    assert.equal((ENGINE_ERRORS as Readonly<Record<string, unknown>>)[code], kind, code);
  }
});

test("a pause is taken over in seconds or as a date, and bounded", () => {
  assert.equal(errorOf(429, "", "7").retryAfterMs, 7_000);
  assert.equal(errorOf(503, "", "0").retryAfterMs, 0);
  assert.equal(errorOf(503, "", "Wed, 01 Jul 2026 12:00:30 GMT").retryAfterMs, 30_000);
  assert.equal(errorOf(503, "", "Wed, 01 Jul 2026 11:00:00 GMT").retryAfterMs, 0);
  assert.equal(errorOf(503, "", "99999999").retryAfterMs, 3_600_000);
  assert.equal(errorOf(503, "", "soon").retryAfterMs, undefined);
  assert.equal(errorOf(503).retryAfterMs, undefined);
});

test("a problem body's code and a bounded part of its words are kept", () => {
  const problem = { code: "SHOP_CLOSED", kind: "unavailable", detail: `closed ${"x".repeat(1_000)}` };
  const error = errorOf(503, JSON.stringify(problem));
  assert.match(
    error.message,
    /^http:\/\/payments\/commands answered RefundPayment with 503 \(SHOP_CLOSED: closed x+\)$/,
  );
  assert.ok(error.message.length < 400);
  assert.deepEqual(error.fields, { status: 503, participantCode: "SHOP_CLOSED" });
  for (const text of ["<html>", '{"error":"x"}', "[]", null])
    assert.deepEqual(errorOf(503, text).fields, { status: 503 });
});
