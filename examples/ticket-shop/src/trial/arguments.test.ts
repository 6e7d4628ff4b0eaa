import assert from "node:assert/strict";
import { test } from "node:test";
import { readArguments } from "./arguments.ts";

test("a trial with wrong arguments says what was expected", () => {
  for (const [args, expected] of [
    [["--over", "mars"], /^--over is mars, expected kafka or rabbitmq/],
    [["--rates", "20,10"], /^--rates is 20,10, expected at most 50 numbers, each above the one before/],
    [["--think", "3-1"], /^--think is 3-1, expected two numbers of seconds such as 1-3/],
    [["--fast"], /Unknown option '--fast'/],
  ] as const)
    assert.throws(() => readArguments(args), { message: expected });
});

test("a trial is that of the README unless it is told otherwise", () => {
  const { kind, plan } = readArguments([]) ?? {};
  assert.equal(kind, "kafka");
  const { seed, ...crowd } = plan?.crowd ?? {};
  assert.ok(Number.isInteger(seed));
  const people = { users: 44, usersPerSecond: 4, thinkMsMin: 1_000, thinkMsMax: 3_000, seconds: 130 };
  assert.deepEqual(crowd, { ...people, concertId: "festival" });
  assert.equal(readArguments(["--help"]), null);
});
