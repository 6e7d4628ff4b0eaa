import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { sluice } from "./fixtures/terminal.ts";

const COMMANDS = [
  ["up"],
  ["check"],
  ["start"],
  ["send"],
  ["runs"],
  ["runs", "list"],
  ["runs", "show"],
  ["runs", "watch"],
  ["runs", "cancel"],
  ["runs", "retry"],
  ["runs", "skip"],
  ["runs", "force"],
  ["runs", "migrate"],
  ["dead-letters"],
  ["dead-letters", "list"],
  ["dead-letters", "show"],
  ["dead-letters", "redrive"],
  ["queues"],
  ["queues", "list"],
  ["queues", "show"],
  ["queues", "redrive"],
  ["queues", "discard"],
  ["migrate"],
  ["pause"],
  ["resume"],
  ["pauses"],
  ["jobs"],
  ["jobs", "list"],
  ["jobs", "show"],
  ["jobs", "watch"],
  ["jobs", "stop"],
  ["completion"],
  ["flows"],
  ["flows", "list"],
  ["flows", "show"],
  ["flows", "diagram"],
  ["audit"],
  ["bench"],
  ["bench", "engine"],
  ["bench", "transports"],
  ["keys"],
  ["keys", "create"],
  ["keys", "list"],
  ["keys", "rotate"],
  ["keys", "revoke"],
  ["proof"],
];

describe("sluice", () => {
  it("prints its help with every command and the exit codes", async () => {
    const { exitCode, stdout, stderr } = await sluice(["--help"]);
    assert.equal(exitCode, 0);
    assert.equal(stderr, "");
    for (const [name = ""] of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
    assert.match(stdout, /^Exit codes:\n {2}0 /m);
  });

  for (const command of COMMANDS) {
    it(`prints the help of ${command.join(" ")} with an example and the exit codes`, async () => {
      const { exitCode, stdout } = await sluice([...command, "--help"]);
      assert.equal(exitCode, 0);
      assert.match(stdout, new RegExp(`^Examples:\n {2}sluice ${command[0]}`, "m"));
      assert.match(stdout, /^Exit codes:$/m);
      // One default, told once, and a summary in the style of the others.
      assert.doesNotMatch(stdout, /\(default[^)]*\) \(default/);
      assert.match(stdout, /^Usage: .*\n\n[a-z]/);
    });
  }

  it("prints its version", async () => {
    assert.match((await sluice(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it("suggests the command that was meant", async () => {
    for (const [args, meant] of [
      [["chek"], "check"],
      [["runs", "shwo"], "show"],
      [["flows", "digram"], "diagram"],
    ] as const) {
      const { exitCode, stdout, stderr } = await sluice(args);
      assert.equal(exitCode, 2);
      assert.equal(stdout, "");
      assert.match(stderr, new RegExp(`^sluice: unknown command.*\n.*Did you mean ${meant}\\?`));
    }
  });

  it("refuses wrong options and arguments as usage", async () => {
    for (const args of [
      ["runs", "list", "--limit", "0"],
      ["runs", "list", "--stuck-for", "soon"],
      ["runs", "list", "--url", "nowhere"],
      ["runs", "list", "--colour"],
      ["runs", "watch"],
      ["start"],
      ["start", "parcel", "--wait", "0"],
      ["start", "parcel", "--data", "{"],
      ["flows", "diagram", "parcel", "--format", "png"],
      ["audit", "--database-url", "mysql://nowhere"],
    ]) {
      const { exitCode, stdout, stderr } = await sluice(args);
      assert.equal(exitCode, 2, args.join(" "));
      assert.equal(stdout, "", args.join(" "));
      assert.match(stderr, /^sluice: .+/, args.join(" "));
    }
  });

  it("tells errors as JSON to whoever asked for JSON, whatever the command and the error", async (t) => {
    const busy = await serve(t, (_request, response) => {
      response.writeHead(429, { "content-type": "application/problem+json", "retry-after": "2" });
      response.end('{"code":"HOST_OVERLOADED","kind":"overloaded","detail":"4096 requests are in flight"}');
    });
    for (const [args, exitCode, code] of [
      [["runs", "--colour"], 2, "CLI_BAD_ARGUMENT"],
      [["chek"], 2, "CLI_BAD_ARGUMENT"],
      [["start"], 2, "CLI_BAD_ARGUMENT"],
      [["start", "parcel", "--data", "{"], 2, "CLI_BAD_ARGUMENT"],
      [["runs", "watch"], 2, "CLI_BAD_ARGUMENT"],
      [["flows", "show", "parcel", "--url", "http://127.0.0.1:1"], 3, "CLI_NO_SERVER"],
      [["send", "some-id", "Paid", "--url", "http://127.0.0.1:1"], 3, "CLI_NO_SERVER"],
      [["runs", "list", "--url", busy], 3, "HOST_OVERLOADED"],
      [["audit", "--data-dir", "/nowhere"], 1, "CLI_NO_DATABASE"],
      [["audit", "--database-url", "mysql://nowhere"], 2, "HOST_BAD_OPTION"],
      [["up", "nowhere.ts"], 2, "CLI_BAD_APP"],
    ] as const) {
      const ended = await sluice([...args, "--json"]);
      assert.equal(ended.exitCode, exitCode, args.join(" "));
      assert.equal(ended.stdout, "", args.join(" "));
      const { error } = JSON.parse(ended.stderr);
      assert.equal(error.code, code, args.join(" "));
      assert.equal(typeof error.kind, "string");
      assert.doesNotMatch(error.message, /^error: /);
      if (code === "HOST_OVERLOADED") assert.equal(error.retryAfterMs, 2_000);
    }
  });

  it("takes no value for a wish for JSON", async () => {
    const { stderr } = await sluice(["check", "--", "--json"], { directory: import.meta.dirname });
    assert.doesNotMatch(stderr, /^\{/);
  });

  it("says where to look when nobody answers", async () => {
    for (const args of [
      ["runs"],
      ["flows"],
      ["start", "parcel"],
      ["send", "some-id", "Paid"],
      ["runs", "watch", "some-id"],
    ]) {
      const { exitCode, stdout, stderr } = await sluice([...args, "--url", "http://127.0.0.1:1"]);
      assert.equal(exitCode, 3, args.join(" "));
      assert.equal(stdout, "");
      assert.match(
        stderr,
        /^sluice: nobody answers at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\), .*`sluice up`.*\(CLI_NO_SERVER\)\n$/,
      );
    }
  });

  it("takes the server's address from SLUICE_URL, and a flag before that", async () => {
    const env = { SLUICE_URL: "http://127.0.0.1:1/" };
    assert.match((await sluice(["runs"], { env })).stderr, /nobody answers at http:\/\/127\.0\.0\.1:1 /);
    const args = ["runs", "--url", "http://127.0.0.1:2"];
    assert.match((await sluice(args, { env })).stderr, /nobody answers at http:\/\/127\.0\.0\.1:2 /);
    const wrong = await sluice(["runs"], { env: { SLUICE_URL: "here" } });
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /SLUICE_URL is "here", expected a URL/);
  });

  it("knows an answer that is not of Sluice", async (t) => {
    const url = await serve(t, (request, response) => {
      response.statusCode = request.url?.startsWith("/v1/flows") === true ? 404 : 200;
      response.end("<html>");
    });
    for (const command of ["runs", "flows"]) {
      const { exitCode, stderr } = await sluice([command, "--url", url]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /expected the API of a running sluice; check --url \(CLI_BAD_ANSWER\)\n$/);
    }
  });

  it("says when to come back to a server that is busy", async (t) => {
    const url = await serve(t, (_request, response) => {
      response.writeHead(429, { "content-type": "application/problem+json", "retry-after": "2" });
      response.end('{"code":"HOST_OVERLOADED","kind":"overloaded","detail":"4096 requests are in flight"}');
    });
    const { exitCode, stderr } = await sluice(["runs", "--url", url]);
    assert.equal(exitCode, 3);
    assert.equal(stderr, "sluice: 4096 requests are in flight; try again in 2 s (HOST_OVERLOADED)\n");
  });

  it("says how to show a key to a server that asks for one", async (t) => {
    const url = await serve(t, (_request, response) => {
      response.writeHead(401, { "content-type": "application/problem+json" });
      response.end(
        '{"code":"FLOW_UNAUTHENTICATED","kind":"unauthenticated","detail":"Authorization: Bearer …"}',
      );
    });
    const told = /expected one of `sluice keys create`.* \(FLOW_UNAUTHENTICATED\)\n$/;
    const without = await sluice(["runs", "--url", url]);
    assert.equal(without.exitCode, 1);
    assert.match(without.stderr, /SLUICE_API_KEY is not set/);
    assert.match(without.stderr, told);
    const wrong = await sluice(["runs", "--url", url], { env: { SLUICE_API_KEY: "slk_wrong" } });
    assert.match(wrong.stderr, /the key of SLUICE_API_KEY is none that is valid/);
    assert.doesNotMatch(wrong.stderr, /slk_wrong/);
  });

  it("takes a key with a line break behind it, and says of one that no request can carry what is wrong", async (t) => {
    const keys: (string | undefined)[] = [];
    const url = await serve(t, (request, response) => {
      keys.push(request.headers.authorization);
      response.end('{"items":[],"cursor":null}');
    });
    const runs = (key: string) => sluice(["runs", "--url", url], { env: { SLUICE_API_KEY: key } });
    assert.equal((await runs(" slk_right\r\n")).exitCode, 0);
    assert.equal((await runs("\n")).exitCode, 0);
    assert.deepEqual(keys, ["Bearer slk_right", undefined]);
    for (const key of ["slk_a\nslk_b", "slk_a slk_b", "slk_ä", "slk_\u0000"]) {
      const { exitCode, stderr } = await runs(key);
      assert.equal(exitCode, 2);
      assert.match(stderr, /^sluice: SLUICE_API_KEY has a space, a line break or .* \(CLI_BAD_ARGUMENT\)\n$/);
      assert.doesNotMatch(stderr, /slk_[abä]/);
    }
    assert.equal(keys.length, 2);
  });

  it("paints on a terminal only", async () => {
    const args = ["runs", "--url", "http://127.0.0.1:1"];
    assert.match((await sluice(args, { isTTY: true })).stderr, /\u001b\[31m/);
    assert.doesNotMatch((await sluice(args, { isTTY: true, env: { NO_COLOR: "1" } })).stderr, /\u001b/);
    assert.doesNotMatch((await sluice(args)).stderr, /\u001b/);
  });
});

/** A server of somebody else; the answer is its address. */
async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
