import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "..");

const PLANTED = {
  "host/src/CamelCase.ts": [
    'import { test, describe, it } from "node:test";',
    'import assert from "node:assert/strict";',
    'import { Kind } from "./cycle-a.ts";',
    ["export ", "default 1;"].join(""),
    "export const loose = (x: any): Kind | boolean => x == 1;",
    "export const isAbsent = (x: unknown): boolean => x == null;",
    "const later = async (): Promise<void> => await Promise.resolve();",
    "export const floats = (): void => { later(); };",
    "export const misuses = (list: readonly number[]): void => { list.forEach(async () => { await later(); }); };",
    'export function misses(kind: "a" | "b"): number { switch (kind) { case "a": return 1; } return 2; }',
    'export function covers(kind: "a" | "b"): number { switch (kind) { case "a": return 1; default: return 2; } }',
    'test("the runner waits for a test", async () => { await later(); });',
    'describe("the runner waits for a group", () => { it("but not for an assertion", async () => { assert.rejects(later()); }); });',
  ],
  "host/src/cycle-a.ts": [
    'import { b } from "./cycle-b.ts";',
    "export type Kind = 1;",
    "export const a = (): number => b();",
  ],
  "host/src/cycle-b.ts": ['import { a } from "./cycle-a.ts";', "export const b = (): number => a();"],
};

const EXPECTED = [
  "host/src/CamelCase.ts:1 unicorn(filename-case)",
  "host/src/CamelCase.ts:10 typescript(switch-exhaustiveness-check)",
  "host/src/CamelCase.ts:13 typescript(no-floating-promises)",
  "host/src/CamelCase.ts:3 typescript(consistent-type-imports)",
  "host/src/CamelCase.ts:4 import(no-default-export)",
  "host/src/CamelCase.ts:5 eslint(eqeqeq)",
  "host/src/CamelCase.ts:5 typescript(no-explicit-any)",
  "host/src/CamelCase.ts:8 typescript(no-floating-promises)",
  "host/src/CamelCase.ts:9 typescript(no-misused-promises)",
  "host/src/cycle-a.ts:1 import(no-cycle)",
  "host/src/cycle-b.ts:1 import(no-cycle)",
];

test("the linter finds each planted fault, and nothing else", (t) => {
  const root = mkdtempSync(join(tmpdir(), "sluice-lint-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const file of ["package.json", "tsconfig.json", ".oxlintrc.json"])
    cpSync(join(ROOT, file), join(root, file));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  for (const [file, lines] of Object.entries(PLANTED)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), `${lines.join("\n")}\n`);
  }
  const oxlint = join(ROOT, "node_modules", ".bin", "oxlint");
  const { stdout } = spawnSync(oxlint, ["--type-aware", "--format=unix", "host"], {
    cwd: root,
    encoding: "utf8",
  });
  const found = [...stdout.matchAll(/^(\S+?):(\d+):\d+: .*\[Error\/(.*)\]$/gm)].map(
    ([, file, line, rule]) => `${file}:${line} ${rule}`,
  );
  assert.deepEqual(found.toSorted(), EXPECTED, stdout);
});
