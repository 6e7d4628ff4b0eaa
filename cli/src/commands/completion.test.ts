import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sluice } from "../fixtures/terminal.ts";

async function scriptFor(shell: string): Promise<string> {
  const { exitCode, stdout, stderr } = await sluice(["completion", shell]);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  return stdout;
}

const isInstalled = (shell: string) => spawnSync(shell, ["--version"]).status === 0;

/** What bash would offer for the last of these words. */
function offered(script: string, ...words: readonly string[]): readonly string[] {
  const list = ["sluice", ...words].map((word) => `'${word}'`).join(" ");
  const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-s"], {
    input: `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length}; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"\n`,
    encoding: "utf8",
  });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.split("\n").filter((word) => word !== "");
}

describe("sluice completion", () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    it(`prints a script that ${shell} can read`, { skip: !isInstalled(shell) }, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), "sluice-completion-"));
      t.after(() => rm(folder, { recursive: true }));
      const file = join(folder, "script");
      await writeFile(file, await scriptFor(shell));
      const { status, stderr } = spawnSync(shell, [shell === "fish" ? "--no-execute" : "-n", file], {
        encoding: "utf8",
      });
      assert.deepEqual([status, stderr], [0, ""]);
    });

    it(`names every command and option to ${shell}`, async () => {
      const script = await scriptFor(shell);
      for (const word of ["dead-letters", "redrive", "completion", "watch"])
        assert.match(script, new RegExp(`\\b${word}\\b`));
      for (const option of ["stuck-for", "no-compensate", "url"])
        assert.match(script, new RegExp(`\\b${option}\\b`));
    });
  }

  it(
    "lets bash complete commands, their options and the values of those",
    { skip: !isInstalled("bash") },
    async () => {
      const script = await scriptFor("bash");
      assert.deepEqual(offered(script, "dead"), ["dead-letters"]);
      assert.deepEqual(offered(script, "runs", "c"), ["cancel"]);
      assert.deepEqual(offered(script, "runs", "cancel", "--stuck"), ["--stuck-for"]);
      assert.deepEqual(offered(script, "runs", "cancel", "--flow", "purchase", "--no-co"), [
        "--no-compensate",
      ]);
      assert.deepEqual(offered(script, "flows", "diagram", "purchase", "--format", "s"), ["svg"]);
      assert.deepEqual(offered(script, "keys", "create", "--scope", ""), ["read", "operate", "admin"]);
      assert.deepEqual(offered(script, "up", "--keys", ""), ["auto", "required"]);
      assert.deepEqual(offered(script, "up", "--log-level", "d"), ["debug"]);
      assert.deepEqual(offered(script, "help", "dead"), ["dead-letters"]);
      assert.deepEqual(offered(script, "runs", "help", "can"), ["cancel"]);
      assert.deepEqual(offered(script, "runs", "list", "--flow", ""), []);
      assert.deepEqual(offered(script, "completion", ""), ["bash", "zsh", "fish", "--help"]);
      assert.deepEqual(offered(script, "completion", "nothing"), []);
    },
  );

  it("refuses a shell it does not know", async () => {
    const { exitCode, stderr } = await sluice(["completion", "tcsh"]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /bash, zsh, fish/);
  });
});
