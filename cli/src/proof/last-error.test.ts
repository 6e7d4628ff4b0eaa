import assert from "node:assert/strict";
import { test } from "node:test";
import { lastError } from "./last-error.ts";

const line = (level: string, msg: string): string => JSON.stringify({ level, msg });

test("a log tells its newest failure, and not what came after it", () => {
  const log = [line("error", "first"), line("error", "second"), line("info", "stopped"), ""].join("\n");
  assert.match(lastError(log) ?? "", /second/);
});

test("a log of a process that nobody caught an error in tells that error, and one without a failure its newest line", () => {
  const thrown = `${line("info", "starting")}\nTypeError: not a function\n    at main.ts:1\n\nNode.js v24.0.0\n`;
  assert.equal(lastError(thrown), "TypeError: not a function");
  assert.match(lastError(`${line("info", "starting")}\n`) ?? "", /starting/);
  assert.equal(lastError("\n"), null);
});
