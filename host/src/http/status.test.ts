import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "@sluice/contracts/problem";
import { hostError } from "../errors.ts";
import { createLog } from "../log.ts";
import { STATUS_OF_KIND, toProblem } from "./status.ts";

test("answers each kind with the status of the table", () => {
  for (const [kind, status] of Object.entries(STATUS_OF_KIND)) {
    const answer = toProblem({ code: "ROOM_WHAT_IT_IS", kind, message: "found, expected" });
    assert.equal(answer.status, status);
    assert.equal(answer.body.status, status);
    assert.equal(answer.body.kind, kind);
    assert.equal(answer.body.code, "ROOM_WHAT_IT_IS");
  }
});

test("answers a pinned status where the code has one", () => {
  const error = new CodedError("SHOP_X", { kind: "invalid", http: 422 }, "no");
  assert.equal(toProblem(error).status, 422);
  assert.equal(toProblem({ code: "SHOP_X", kind: "invalid", message: "no", http: 200 }).status, 400);
});

test("makes a problem body with type, title, detail, code, kind and the error's fields", () => {
  const error = hostError("HOST_BODY_TOO_LARGE", "too large", { fields: { bodyBytesMax: 10, huge: 10n } });
  assert.deepEqual(toProblem(error), {
    status: 413,
    headers: { "content-type": "application/problem+json; charset=utf-8" },
    body: {
      type: "/docs/errors#HOST_BODY_TOO_LARGE",
      title: "Body too large",
      status: 413,
      detail: "too large",
      code: "HOST_BODY_TOO_LARGE",
      kind: "invalid",
      bodyBytesMax: 10,
      huge: "10",
    },
  });
});

test("lets no field take the place of a member of the problem body", () => {
  const error = hostError("HOST_NO_SUCH_ROUTE", "gone", { fields: { status: 200, code: "MINE", type: "x" } });
  const { body } = toProblem(error);
  assert.deepEqual(
    [body.status, body.code, body.type],
    [404, "HOST_NO_SUCH_ROUTE", "/docs/errors#HOST_NO_SUCH_ROUTE"],
  );
});

test("rounds Retry-After up to whole seconds and gives transient errors one without being asked", () => {
  const retryAfter = (retryAfterMs?: number): string | undefined =>
    toProblem({ code: "X_Y", kind: "overloaded", message: "no", retryAfterMs }).headers["retry-after"];
  assert.deepEqual([1, 1000, 1001, 2500, undefined].map(retryAfter), ["1", "1", "2", "3", "1"]);
  assert.equal(toProblem(hostError("HOST_BAD_REQUEST", "no")).headers["retry-after"], undefined);
});

test("tells nothing of a bug but the id under which the log has it", () => {
  const lines: string[] = [];
  const log = createLog({ destination: { write: (line) => void lines.push(line) } });
  for (const error of [
    Object.assign(new Error("select geheim from accounts"), {
      query: "geheim",
      detail: "geheim",
      code: "42P01",
    }),
    new CodedError("FLOW_UNEXPECTED", "bug", "geheim", { fields: { geheim: "geheim" } }),
    "geheim",
    null,
  ]) {
    const { status, body } = toProblem(error, { log });
    assert.equal(status, 500);
    assert.doesNotMatch(JSON.stringify(body), /geheim|status\.test/);
    assert.match(lines.at(-1) ?? "", new RegExp(String(body["errorId"])));
  }
  assert.match(lines[0] ?? "", /select geheim from accounts/);
});

test("answers a lost database with 503 and without a word about where it is", () => {
  const lost = Object.assign(new Error("connect ECONNREFUSED 10.1.2.3:5432"), {
    code: "ECONNREFUSED",
    query: "select 1",
  });
  const { status, headers, body } = toProblem(lost);
  assert.deepEqual([status, headers["retry-after"], body.code], [503, "1", "HOST_DATABASE_UNAVAILABLE"]);
  assert.doesNotMatch(JSON.stringify(body), /10\.1\.2\.3|select/);
});

test("does not take the lost connection of somebody else for a lost database", () => {
  const foreign = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  assert.equal(toProblem(foreign).body.code, "HOST_UNEXPECTED");
});

test("answers a full disk with 503 and says so, without a word of the statement", () => {
  const full = {
    code: "53100",
    severity: "ERROR",
    message: "could not extend file geheim",
    query: "select geheim",
  };
  const { status, headers, body } = toProblem(full);
  assert.deepEqual([status, headers["retry-after"], body.code], [503, "1", "HOST_DATABASE_UNAVAILABLE"]);
  assert.match(body.detail, /its disk is full; free some space/);
  assert.doesNotMatch(JSON.stringify(body), /geheim/);
});
