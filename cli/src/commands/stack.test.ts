import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SERVER_NAMES } from "@sluice/host/stack";
import { sluice } from "../fixtures/terminal.ts";

describe("sluice stack, on the command line", () => {
  it("knows every server of the stack, and the port of each", async () => {
    const { stdout } = await sluice(["stack", "up", "--help"]);
    const words = stdout.replaceAll(/\s+/g, " ");
    assert.ok(words.includes(`choices: ${SERVER_NAMES.map((name) => `"${name}"`).join(", ")}`), words);
    for (const name of SERVER_NAMES)
      assert.match(words, new RegExp(`--${name}-port <port> .*SLUICE_STACK_${name.toUpperCase()}_PORT`));
  });

  for (const command of ["up", "install", "status", "down"]) {
    it(`explains stack ${command} with an example and the exit codes`, async () => {
      const { exitCode, stdout } = await sluice(["stack", command, "--help"]);
      assert.equal(exitCode, 0);
      assert.match(stdout, new RegExp(`^Examples:\\n {2}sluice stack ${command}`, "m"));
      assert.match(stdout, /^Exit codes:$/m);
    });
  }

  it("refuses servers and ports it does not know before anything is started", async () => {
    for (const [args, expected] of [
      [["up", "mysql"], /Allowed choices are kafka, rabbitmq, redis, postgres/],
      [
        ["up", "redis", "--redis-port", "70000"],
        /redisPort is "70000".*--redis-port or the variable SLUICE_STACK_REDIS_PORT/,
      ],
      [["up", "redis", "--data-dir", ""], /dataDirectory is .*--data-dir/],
      [["dwon"], /Did you mean down\?/],
    ] as const) {
      const { exitCode, stdout, stderr } = await sluice(["stack", ...args]);
      assert.equal(exitCode, 2, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, expected);
    }
  });

  it("says that nothing has been started where nothing has", async () => {
    const { exitCode, stdout } = await sluice(["stack", "status", "--data-dir", "nowhere"]);
    assert.equal(exitCode, 1);
    assert.match(stdout, /^no server has been started in .*nowhere\n$/);
  });
});
