import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "../../..");
const PAGE = join(ROOT, "docs/failure-matrix.md");
const ROOMS = "{contracts,engine,host,cli,examples,tools}/**/*.ts";

/** Names of the tests that there are; contract suites hold some too. `${…}` in one stands for anything. */
function listTests(): readonly string[] {
  const files = globSync(ROOMS, { cwd: ROOT, exclude: (path) => path.includes("node_modules") });
  const texts = files.map((file) => readFileSync(join(ROOT, file), "utf8"));
  const suites = texts.filter((text) => text.includes('from "node:test"'));
  const calls = suites.flatMap((text) => [...text.matchAll(/\b(?:test|it)(?:\.\w+)?\(\s*(["'`])(.+?)\1/g)]);
  return calls.map(([, , name = ""]) => name);
}

/** What stands in a name for something that is told when the test runs. */
const EXPRESSION = /\$\{[^}]*\}/;

/** @param names of tests, as they stand in the source */
function isNameOf(names: readonly string[]): (name: string) => boolean {
  const whole = new Set(names);
  const patterns = names
    .filter((name) => EXPRESSION.test(name))
    .map((name) => new RegExp(`^${name.split(EXPRESSION).map(RegExp.escape).join(".+")}$`));
  return (name) => whole.has(name) || patterns.some((pattern) => pattern.test(name));
}

/** What is wrong with the rows of a page: each names in its last cell the tests that show it, as code. */
function findUnshown(page: string, tests: readonly string[]): readonly string[] {
  const isTest = isNameOf(tests);
  return rowsOf(page).flatMap((cells) => {
    const [what = "", ...rest] = cells;
    const names = [...(rest.at(-1) ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    if (names.length === 0) return [`${what}: no test is named`];
    return names.filter((name) => !isTest(name)).map((name) => `${what}: no test is called "${name}"`);
  });
}

/** What stands between the head of a table and its rows. */
const RULE = "| -";

/** The cells of each row of each table, without heads and rules. */
function rowsOf(page: string): readonly (readonly string[])[] {
  const lines = page.split("\n");
  return lines.flatMap((line, at) => {
    const isHead = lines[at + 1]?.startsWith(RULE) === true;
    if (!line.startsWith("| ") || line.startsWith(RULE) || isHead) return [];
    return [
      line
        .slice(1, line.lastIndexOf("|"))
        .split("|")
        .map((cell) => cell.trim()),
    ];
  });
}

test("docs/failure-matrix.md names for each row tests that there are", () => {
  const page = readFileSync(PAGE, "utf8");
  assert.ok(rowsOf(page).length > 30, "its tables are not found");
  assert.deepEqual(findUnshown(page, listTests()), []);
});

test("a row of the failure matrix without a test, or with one that is gone, is found", () => {
  const page = [
    "| what | shown by |",
    "| --- | --- |",
    "| a | `there before` |",
    "| b | `gone` |",
    "| c | |",
  ];
  assert.deepEqual(findUnshown(page.join("\n"), ["there ${side}"]), [
    'b: no test is called "gone"',
    "c: no test is named",
  ]);
});
