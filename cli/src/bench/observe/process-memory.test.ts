import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { residentBytes } from "./process-memory.ts";

const ELSEWHERE = process.platform === "linux" ? false : "only Linux has /proc";

describe("the memory of another process", () => {
  it("is what that process says of itself, about", { skip: ELSEWHERE }, () => {
    const known = process.memoryUsage.rss();
    const found = residentBytes(process.pid) ?? 0;
    assert.ok(Math.abs(found - known) < 0.2 * known, `${found} beside ${known}`);
  });

  it("is unknown once it is gone", () => {
    assert.equal(residentBytes(2 ** 30), null);
  });
});
