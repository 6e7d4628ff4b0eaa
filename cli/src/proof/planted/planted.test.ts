import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import type { Edit } from "./defect.ts";
import { DEFECTS } from "./defects.ts";
import { makePlantedCopy } from "./planted-copy.ts";

const COMPILER = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc");

/** As the command `sluice` is compiled: its main file, and what that needs. */
async function compile(copy: string): Promise<void> {
  const path = join(copy, "tsconfig.json");
  const config = JSON.parse(await readFile(path, "utf8")) as object;
  await writeFile(path, JSON.stringify({ ...config, include: [], files: ["cli/src/main.ts"] }));
  execFileSync(process.execPath, [COMPILER, "-p", copy], { encoding: "utf8" });
}

test("each defect finds its place in the source, and what comes of it compiles", async (t) => {
  // None is in the way of another.
  const copy = await makePlantedCopy(DEFECTS.flatMap(({ edits }) => edits));
  t.after(() => rm(copy, { recursive: true, force: true }));
  await compile(copy);
  assert.equal(new Set(DEFECTS.map(({ name }) => name)).size, DEFECTS.length);
});

test("a defect whose place is gone from the source is refused", async () => {
  const edit: Edit = { file: "cli/src/exit-codes.ts", found: "a place that is gone", planted: "" };
  await assert.rejects(
    makePlantedCopy([edit]),
    /exit-codes\.ts holds "a place that is gone" 0 times, expected once/,
  );
});
