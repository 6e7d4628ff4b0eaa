import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";
import { startUp, urlOf } from "../fixtures/up-process.ts";

describe("sluice keys", () => {
  it("makes the first key where a server that wants one says", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const args = ["--data-dir", dataDirectory, "--keys", "required"];
    const refused = startUp(t, { args, isJson: false });
    assert.equal(await refused.ended, 1);
    const [, hint = ""] = /make the first with `sluice ([^`]+)`/.exec(refused.output.stderr) ?? [];
    assert.match(refused.output.stderr, /\(CLI_NO_KEY\)\n$/);
    assert.equal(hint, `keys create --name ops --scope admin --data-dir ${dataDirectory}`);

    const made = await sluice(hint.split(" "));
    assert.match(made.stdout, /^slk_\S+\n$/);
    assert.match(made.stderr, /^key \w+ of ops may admin; it is not shown again\n$/);
    const url = urlOf(await startUp(t, { args }).ready());
    assert.equal((await sluice(["runs", "--url", url])).exitCode, 1);
    const env = { SLUICE_API_KEY: made.stdout.trim() };
    assert.equal((await sluice(["runs", "--url", url], { env })).exitCode, 0);
  });

  it("shows a new key when a running server takes it, and the old one goes on", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const args = ["--data-dir", dataDirectory, "--keys", "required"];
    assert.equal(await startUp(t, { args }).ended, 1, "no key is there yet");
    const keys = (...rest: string[]) => sluice(["keys", ...rest, "--data-dir", dataDirectory]);
    const first = await keys("create", "--name", "ops", "--scope", "admin");
    const url = urlOf(
      await startUp(t, { args: ["--data-dir", dataDirectory, "--keys", "required"] }).ready(),
    );
    const askWith = async (key: string) =>
      (await fetch(`${url}/v1/runs`, { headers: { authorization: `Bearer ${key.trim()}` } })).status;
    assert.equal(await askWith(first.stdout), 200);
    const [, keyId = ""] = /^key (\w+) /.exec(first.stderr) ?? [];
    const second = await keys("rotate", keyId);
    assert.deepEqual([await askWith(second.stdout), await askWith(first.stdout)], [200, 200]);
  });

  it("replaces a key by one with its end, and none that has ended", async (t) => {
    const dataDirectory = testDataDirectory(t);
    await startUp(t, { args: ["--data-dir", dataDirectory] }).ready();
    const keys = (...args: string[]) =>
      sluice(["keys", ...args, "--data-dir", dataDirectory], { env: { USER: "anna" } });
    assert.match((await keys("list")).stdout, /^no keys; make one: `sluice keys create .* --data-dir /);
    const idOf = ({ stderr }: { readonly stderr: string }) => /^key (\w+) /.exec(stderr)?.[1] ?? "";

    const lasting = await keys("create", "--name", "ci", "--scope", "read", "--expires", "90d");
    const [, end = ""] = / until (\S+);/.exec(lasting.stderr) ?? [];
    const rotated = await keys("rotate", idOf(lasting), "--grace", "1m");
    assert.match(rotated.stderr, new RegExp(`^key \\w+ of ci may read until ${end.slice(0, 16)}`));
    assert.notEqual(idOf(rotated), idOf(lasting));

    const brief = await keys("create", "--name", "brief", "--expires", "1s");
    await until("it has ended", async () => / brief +operate .* expired /.test((await keys("list")).stdout));
    const late = await keys("rotate", idOf(brief));
    assert.deepEqual([late.exitCode, late.stdout], [1, ""]);
    assert.match(
      late.stderr,
      /has expired, expected one that is valid; make a new one \(FLOW_UNKNOWN_KEY\)\n$/,
    );
    assert.equal((await keys("revoke", idOf(rotated))).exitCode, 0);
    assert.equal((await keys("list")).stdout.trimEnd().split("\n").length, 1 + 3);
  });

  it("refuses names that would spoil a record, and keys that would be over at once or never", async () => {
    const create = (...args: string[]) => sluice(["keys", "create", ...args]);
    for (const name of ["", " ", "ops ", "a\nb", "\u001b[31mops", "x".repeat(101), "-ops", "größe"]) {
      const { exitCode, stderr } = await create(`--name=${name}`);
      assert.equal(exitCode, 2, name);
      assert.match(stderr, /expected 1 to 100 letters, digits/);
      assert.doesNotMatch(stderr, /\u001b/);
      assert.doesNotMatch(stderr, /x{90}/);
    }
    for (const expires of ["0s", "0.1ms", "1ms", "999ms", "-1d", "366d", "99999999999d"]) {
      const { exitCode, stderr } = await create("--name", "ops", `--expires=${expires}`);
      assert.equal(exitCode, 2, expires);
      assert.match(stderr, /expected 1s to 365d|Expected a number and a unit/);
    }
    const { exitCode, stderr } = await sluice(["keys", "rotate", "0a1b2c3d4e5f", "--grace", "8d"]);
    assert.deepEqual([exitCode, /expected 0s to 7d/.test(stderr)], [2, true]);
  });

  it("offers the scopes that there are", async () => {
    const { exitCode, stderr } = await sluice(["keys", "create", "--name", "x", "--scope", "root"]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /read, operate, admin/);
  });
});
