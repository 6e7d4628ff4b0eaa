import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertMeasured, measureQuickly } from "./fixtures/measure-quickly.ts";

describe("sluice bench transports on Postgres", () => {
  it("measures flows over HTTP beside the engine alone, with a result that is read back", async (t) => {
    const result = await measureQuickly(t, "http");
    assertMeasured(result, ["local", "http"]);
    assert.deepEqual(result.clients, []);
  });
});
