import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

describe("the guide to testing flows", () => {
  it("shows tests that pass", { timeout: 60_000 }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-guide-"));
    t.after(() => rm(folder, { recursive: true }));
    const [flow = ""] = await listBlocks("your-first-flow.md");
    const tests = await listBlocks("testing-flows.md");
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(join(folder, "refund.flow.ts"), flow);
    await writeFile(join(folder, "refund.flow.test.ts"), tests.join("\n"));
    const { isPassed, output } = await run(folder, "refund.flow.test.ts");
    assert.ok(isPassed, output);
    assert.match(output, /pass 11\b/);
  });
});

/** The TypeScript of a guide, block by block. */
async function listBlocks(guide: string): Promise<string[]> {
  const text = await readFile(join(ROOT, "docs/guides", guide), "utf8");
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""]) => code);
}

function run(folder: string, file: string): Promise<{ readonly isPassed: boolean; readonly output: string }> {
  // The runner of this test would take the other for a part of itself.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--test", "--test-reporter=spec", file],
      { cwd: folder, env },
      (error, stdout, stderr) => resolve({ isPassed: error === null, output: stdout + stderr }),
    );
  });
}
