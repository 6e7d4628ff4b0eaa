import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const buy = (args: readonly string[], url: string) =>
  spawnSync(process.execPath, [new URL("../buy.ts", import.meta.url).pathname, ...args], {
    encoding: "utf8",
    env: { ...process.env, SLUICE_URL: url },
  });

test("a crowd goes where SLUICE_URL says, unless an option says otherwise", () => {
  const there = buy([], "http://127.0.0.1:1");
  assert.equal(there.status, 3);
  assert.match(there.stderr, /^the shop at http:\/\/127\.0\.0\.1:1 does not answer/);
  const elsewhere = buy(["--url", "http://127.0.0.1:2"], "http://127.0.0.1:1");
  assert.match(elsewhere.stderr, /^the shop at http:\/\/127\.0\.0\.1:2 does not answer/);
  const wrong = buy([], "nowhere");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /^SLUICE_URL is nowhere, expected one such as/);
});
