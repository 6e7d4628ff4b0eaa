import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { aptInstall } from "./apt.ts";

const PACKAGES = [{ debian: "redis-server", homebrew: "redis" }];
const nothing = (): void => {};
const PROGRESS = { say: nothing, show: nothing, signal: new AbortController().signal };
const IS_ROOT = process.getuid?.() === 0;

/** A machine whose apt-get is this script; what it was called with is in `calls`. */
async function machineWith(t: TestContext, script: string) {
  const folder = await mkdtemp(join(tmpdir(), "sluice-apt-"));
  t.after(() => rm(folder, { recursive: true }));
  const program = join(folder, "apt-get");
  const calls = join(folder, "calls");
  await writeFile(program, `#!/bin/sh\necho "$@" >> ${calls}\n${script}\n`);
  await chmod(program, 0o755);
  return { machine: { programFolders: [folder], cacheDirectory: folder }, calls, folder };
}

describe("an install of packages", () => {
  it("says what to do where there is no apt-get", async () => {
    const machine = { programFolders: [], cacheDirectory: "/nowhere" };
    await assert.rejects(aptInstall(PACKAGES, machine, PROGRESS), (error) => {
      assert.ok(hasCode(error, "HOST_SERVER_MISSING"));
      assert.match(
        String(error),
        /redis-server is missing and there is no apt-get; install it \(Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis\)/,
      );
      return true;
    });
  });

  it("says what to do where we are not root", { skip: IS_ROOT && "we are root" }, async (t) => {
    const { machine } = await machineWith(t, "exit 0");
    await assert.rejects(aptInstall(PACKAGES, machine, PROGRESS), /only root may install packages/);
  });

  it(
    "asks apt-get once, and lets no service start meanwhile",
    { skip: !IS_ROOT && "only root installs" },
    async (t) => {
      const hadPolicy = existsSync("/usr/sbin/policy-rc.d");
      const { machine, calls, folder } = await machineWith(
        t,
        `/usr/sbin/policy-rc.d; echo $? > "$(dirname "$0")/policy"`,
      );
      await aptInstall(PACKAGES, machine, PROGRESS);
      const lines = (await readFile(calls, "utf8")).trim().split("\n");
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? "", / install --yes --no-install-recommends redis-server$/);
      if (!hadPolicy) assert.equal(await readFile(join(folder, "policy"), "utf8"), "101\n");
      assert.equal(existsSync("/usr/sbin/policy-rc.d"), hadPolicy, "the machine's policy is what it was");
    },
  );

  it(
    "fetches the lists of packages and tries once more",
    { skip: !IS_ROOT && "only root installs" },
    async (t) => {
      const { machine, calls } = await machineWith(
        t,
        'case "$*" in *update*) touch "$0.new";; *) test -e "$0.new";; esac',
      );
      await aptInstall(PACKAGES, machine, PROGRESS);
      assert.equal((await readFile(calls, "utf8")).trim().split("\n").length, 3);
    },
  );

  it("tells the last words of apt-get", { skip: !IS_ROOT && "only root installs" }, async (t) => {
    const { machine } = await machineWith(t, 'echo "E: no room left"; exit 100');
    await assert.rejects(aptInstall(PACKAGES, machine, PROGRESS), (error) => {
      assert.ok(hasCode(error, "HOST_SERVER_INSTALL_FAILED"));
      assert.match(
        String(error),
        /apt-get install redis-server ended with 100, expected 0; its last lines:\nE: no room left/,
      );
      return true;
    });
  });
});
