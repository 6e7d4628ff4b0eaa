import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outcomeOf } from "./outcome-of.ts";

describe("an answer under load", () => {
  it("is done only when the run has ended well", () => {
    const done = { status: 200, retryAfter: null, body: '{"outcome":"completed"}' };
    assert.equal(outcomeOf(done), "done");
    for (const body of ['{"outcome":"expired"}', '{"outcome":null}', "null", "{", ""])
      assert.equal(outcomeOf({ ...done, body }), "failed", body);
    assert.equal(outcomeOf({ ...done, status: 202 }), "failed");
  });

  it("is a whole refusal only with a time to come back", () => {
    for (const status of [429, 503]) {
      assert.equal(outcomeOf({ status, retryAfter: "1", body: "" }), "refused");
      for (const retryAfter of [null, "", "soon"])
        assert.equal(outcomeOf({ status, retryAfter, body: "" }), "refused-bare", String(retryAfter));
    }
  });

  it("is a failure where nobody can tell what happened, whatever it says of coming back", () => {
    for (const status of [500, 502, 504])
      assert.equal(outcomeOf({ status, retryAfter: "1", body: "" }), "failed", String(status));
  });
});
