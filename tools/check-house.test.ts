import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { findFaults } from "./house/find-faults.ts";
import { lex } from "./house/lex.ts";
import { findLongest } from "./house/longest.ts";
import { readRepository } from "./house/repository.ts";
import { DRIVERS, MAIN_IMPORTERS, PURE_ROOMS, ROOMS, TESTS_MAY } from "./house/rooms.ts";

type Files = Readonly<Record<string, string>>;

/** What this file must name in order to plant it, it names in two parts: the checker reads this file too. */
const word = (...parts: readonly string[]) => parts.join("");

const json = (value: unknown) => JSON.stringify(value, null, 2);

/** A small repository with every room and no fault. */
const CLEAN: Files = {
  "package.json": json({
    name: "house",
    workspaces: ["contracts", "engine", "host", "cli", "examples/*"],
    devDependencies: { prettier: "3.0.0" },
  }),
  "contracts/package.json": json({
    name: "@sluice/contracts",
    exports: { "./problem": "./src/problem.ts", "./orders": "./src/orders.ts" },
  }),
  "contracts/src/problem.ts": "export const kinds = [];",
  "contracts/src/orders.ts": "export const orders = [];",
  "engine/package.json": json({
    name: "@sluice/engine",
    exports: {
      ".": "./src/index.ts",
      "./memory": "./src/stores/memory/index.ts",
      "./testing": "./src/testing/index.ts",
    },
    dependencies: { "@sluice/contracts": "0.1.0", postgres: "3.4.9" },
  }),
  "engine/src/index.ts": 'export { decide } from "./core/decide.ts";',
  "engine/src/core/decide.ts":
    'import { kinds } from "@sluice/contracts/problem";\nexport const decide = () => kinds;',
  "engine/src/core/decide.test.ts":
    'import { test } from "node:test";\nimport { until } from "../testing/until.ts";\ntest("decides at once", until);',
  "engine/src/runtime/owner.ts": 'import { decide } from "../core/decide.ts";\nexport const owner = decide;',
  "engine/src/stores/memory/index.ts": 'export { store } from "./store.ts";',
  "engine/src/stores/memory/store.ts": "export const store = 1;",
  "engine/src/stores/postgres/store.ts": 'import postgres from "postgres";\nexport const store = postgres;',
  "engine/src/testing/index.ts": 'export { until } from "./until.ts";',
  "engine/src/testing/until.ts": 'import { owner } from "../runtime/owner.ts";\nexport const until = owner;',
  "host/package.json": json({
    name: "@sluice/host",
    exports: { "./log": "./src/log.ts" },
    dependencies: { "@sluice/contracts": "0.1.0" },
  }),
  "host/src/log.ts": 'import { kinds } from "@sluice/contracts/problem";\nexport const log = kinds;',
  "cli/package.json": json({
    name: "@sluice/cli",
    dependencies: { "@sluice/engine": "0.1.0", "@sluice/host": "0.1.0" },
  }),
  "cli/src/main.ts":
    'import { log } from "@sluice/host/log";\nimport { decide } from "@sluice/engine";\nconsole.log(process.env, log, decide);',
  "examples/shop/package.json": json({
    name: "@sluice/example-shop",
    dependencies: { "@sluice/engine": "0.1.0" },
  }),
  "examples/shop/src/app.ts": 'import { store } from "@sluice/engine/memory";\nexport const app = store;',
  "tools/script.ts":
    'import { readFileSync } from "node:fs";\nimport { format } from "prettier";\nconsole.log(readFileSync, format);',
};

interface Planted {
  readonly files: Files;
  /** `file:line  what was found`, the beginning of it. */
  readonly fault: string;
}

const PLANTED: Readonly<Record<string, Planted>> = {
  // Rooms
  "an import against the direction": {
    files: { "engine/src/core/a.ts": 'import { owner } from "../runtime/owner.ts";' },
    fault: "engine/src/core/a.ts:1  engine/src/core imports engine/src/runtime/owner.ts",
  },
  "a type-only import against the direction": {
    files: { "engine/src/core/a.ts": '\nimport type { Owner } from "../runtime/owner.ts";' },
    fault: "engine/src/core/a.ts:2  engine/src/core imports engine/src/runtime/owner.ts",
  },
  "a re-export against the direction": {
    files: { "engine/src/client/a.ts": 'export { owner } from "../runtime/owner.ts";' },
    fault: "engine/src/client/a.ts:1  engine/src/client imports engine/src/runtime/owner.ts",
  },
  "a dynamic import against the direction": {
    files: { "engine/src/runtime/a.ts": 'export const a = await import("../stores/memory/store.ts");' },
    fault: "engine/src/runtime/a.ts:1  engine/src/runtime imports engine/src/stores/memory/store.ts",
  },
  "one adapter that imports another": {
    files: { "engine/src/stores/postgres/a.ts": 'import { store } from "../memory/store.ts";' },
    fault:
      "engine/src/stores/postgres/a.ts:1  engine/src/stores/postgres imports engine/src/stores/memory/store.ts",
  },
  "a message that the core does not take": {
    files: { "engine/src/core/a.ts": 'import { orders } from "@sluice/contracts/orders";' },
    fault: "engine/src/core/a.ts:1  engine/src/core imports contracts/src/orders.ts",
  },
  "a host that knows the engine": {
    files: { "host/src/a.ts": 'import { decide } from "@sluice/engine";' },
    fault: "host/src/a.ts:1  host imports engine/src/index.ts",
  },
  "testing in code that ships": {
    files: { "cli/src/a.ts": 'import { until } from "@sluice/engine/testing";' },
    fault: "cli/src/a.ts:1  cli imports engine/src/testing/index.ts",
  },
  "one example that imports another": {
    files: {
      "examples/other/package.json": json({ name: "@sluice/example-other", exports: { ".": "./src/a.ts" } }),
      "examples/other/src/a.ts": "export const a = 1;",
      "examples/shop/src/a.ts": 'import { a } from "@sluice/example-other";',
    },
    fault: "examples/shop/src/a.ts:1  examples/* imports examples/other/src/a.ts",
  },
  "a file outside of every room": {
    files: { "services/orders/a.ts": "export const a = 1;" },
    fault: "services/orders/a.ts:1  a file in no room",
  },
  "a main.ts that is imported by its room": {
    files: {
      "examples/shop/src/main.ts": "export const a = 1;",
      "examples/shop/src/a.ts": 'import { a } from "./main.ts";',
    },
    fault: "examples/shop/src/a.ts:1  import of examples/shop/src/main.ts",
  },
  "a fixture in code that ships": {
    files: {
      "host/src/fixtures/a.ts": "export const a = process.env;",
      "host/src/a.ts": 'import { a } from "./fixtures/a.ts";',
    },
    fault: "host/src/a.ts:1  import of the fixture host/src/fixtures/a.ts",
  },

  // Doors
  "a deep import across packages": {
    files: { "host/src/a.ts": 'import { kinds } from "../../contracts/src/problem.ts";' },
    fault: "host/src/a.ts:1  deep import of contracts/src/problem.ts",
  },
  "a door that is not there": {
    files: { "host/src/a.ts": 'import { kinds } from "@sluice/contracts/src/problem.ts";' },
    fault: 'host/src/a.ts:1  "@sluice/contracts/src/problem.ts", which is no door of @sluice/contracts',
  },
  "a door used from inside": {
    files: { "engine/src/runtime/a.ts": 'import { decide } from "@sluice/engine";' },
    fault: 'engine/src/runtime/a.ts:1  import of its own package as "@sluice/engine"',
  },
  "an index imported inside its package": {
    files: { "engine/src/stores/memory/a.ts": 'import { store } from "./index.ts";' },
    fault:
      "engine/src/stores/memory/a.ts:1  import of the index engine/src/stores/memory/index.ts inside its package",
  },
  "an import without its extension": {
    files: { "host/src/a.ts": 'import { log } from "./log";' },
    fault: 'host/src/a.ts:1  import of "./log", which is no file',
  },
  "a default export": {
    files: { "host/src/a.ts": word("export ", "default 1;") },
    fault: "host/src/a.ts:1  export default",
  },
  "a name exported as the default one": {
    files: { "host/src/a.ts": word("const a = 1;\nexport { a as ", "default };") },
    fault: "host/src/a.ts:2  as default",
  },
  "an export of everything": {
    files: { "host/src/a.ts": word("export ", '* from "./log.ts";') },
    fault: "host/src/a.ts:1  export *",
  },

  // Packages
  "a node module in the core": {
    files: { "engine/src/core/a.ts": 'import { readFileSync } from "node:fs";' },
    fault: "engine/src/core/a.ts:1  engine/src/core imports node:fs",
  },
  "a package in the core": {
    files: { "engine/src/core/a.ts": 'import { Ajv } from "ajv";' },
    fault: "engine/src/core/a.ts:1  engine/src/core imports ajv",
  },
  "a node module without its prefix": {
    files: { "host/src/a.ts": 'import { readFileSync } from "fs";' },
    fault: 'host/src/a.ts:1  import of "fs"',
  },
  "an undeclared package": {
    files: { "host/src/a.ts": 'import { pino } from "pino";' },
    fault: "host/src/a.ts:1  the undeclared package pino",
  },
  "an undeclared package with a scope and a path": {
    files: { "host/src/a.ts": 'import { a } from "@fastify/swagger/deep/file.js";' },
    fault: "host/src/a.ts:1  the undeclared package @fastify/swagger",
  },
  "an undeclared package of ours": {
    files: { "examples/shop/src/a.ts": 'import { log } from "@sluice/host/log";' },
    fault: "examples/shop/src/a.ts:1  the undeclared package @sluice/host",
  },
  "a package of the root in code that ships": {
    files: { "host/src/a.ts": 'import { format } from "prettier";' },
    fault: "host/src/a.ts:1  the undeclared package prettier",
  },
  "a driver outside of its adapter": {
    files: { "engine/src/runtime/a.ts": 'import postgres from "postgres";' },
    fault: "engine/src/runtime/a.ts:1  the driver postgres",
  },
  "a range of versions": {
    files: {
      "host/package.json": json({
        name: "@sluice/host",
        exports: { "./log": "./src/log.ts" },
        dependencies: { "@sluice/contracts": "0.1.0", pino: "^9.0.0" },
      }),
    },
    fault: "host/package.json:8  pino ^9.0.0",
  },

  // Words
  "the clock in the core": {
    files: { "engine/src/core/a.ts": "export const a = () => Date.now();" },
    fault: "engine/src/core/a.ts:1  Date.now",
  },
  "a date of now in the core": {
    files: { "engine/src/core/a.ts": "export const a = () => new Date();" },
    fault: "engine/src/core/a.ts:1  new Date()",
  },
  "randomness in the core": {
    files: { "engine/src/core/a.ts": "export const a = Math.random();" },
    fault: "engine/src/core/a.ts:1  Math.random",
  },
  "a timer in the core": {
    files: { "engine/src/core/a.ts": "setTimeout(() => {}, 1);" },
    fault: "engine/src/core/a.ts:1  setTimeout",
  },
  "an interval in the core": {
    files: { "engine/src/core/a.ts": "setInterval(() => {}, 1);" },
    fault: "engine/src/core/a.ts:1  setInterval",
  },
  "the process in the core": {
    files: { "engine/src/core/a.ts": "process.exit();" },
    fault: "engine/src/core/a.ts:1  process.",
  },
  "the environment outside of main.ts": {
    files: { "host/src/a.ts": "export const a = process.env;" },
    fault: "host/src/a.ts:1  process.env",
  },
  "the console outside of cli, tools and examples": {
    files: { "host/src/a.ts": "console.log(1);" },
    fault: "host/src/a.ts:1  console.",
  },
  "the other spelling of canceled, in a message": {
    files: { "host/src/a.ts": word('\nexport const a = "it was canc', 'elled";') },
    fault: word("host/src/a.ts:2  canc", "elled"),
  },
  "the other spelling of canceled, in SQL": {
    files: { "host/src/0001-a.sql": word("select 'canc", "elled';") },
    fault: word("host/src/0001-a.sql:1  canc", "elled"),
  },
  "a word of other engines for a run": {
    files: { "host/src/a.ts": word("// a sa", "ga") },
    fault: word("host/src/a.ts:1  sa", "ga"),
  },
  "a word of other engines for a flow": {
    files: { "host/src/a.ts": word("const work", "flow = 1;") },
    fault: word("host/src/a.ts:1  work", "flow"),
  },
  "a word of brokers for a lane": {
    files: { "host/src/a.ts": word("const sh", "ard = 1;") },
    fault: word("host/src/a.ts:1  sh", "ard"),
  },
  "a status that is a state": {
    files: { "host/src/a.ts": word("const run", "Status = 1;") },
    fault: word("host/src/a.ts:1  run", "Status"),
  },
  "a type with a prefix": {
    files: { "host/src/a.ts": "export interface IRun {}" },
    fault: "host/src/a.ts:1  interface IRun",
  },
  "a type that ends in Info": {
    files: { "host/src/a.ts": "export type RunInfo = 1;" },
    fault: "host/src/a.ts:1  type RunInfo",
  },
  "a to-do without an issue": {
    files: { "host/src/a.ts": word("// TO", "DO later") },
    fault: word("host/src/a.ts:1  TO", "DO"),
  },
  "a fault left for later": {
    files: { "host/src/a.ts": word("// FIX", "ME") },
    fault: word("host/src/a.ts:1  FIX", "ME"),
  },
  "a silenced compiler": {
    files: { "host/src/a.ts": word("// @ts-", "ignore") },
    fault: word("host/src/a.ts:1  @ts-", "ignore"),
  },
  "a silenced linter without a reason": {
    files: { "host/src/a.ts": word("// oxlint-", "disable-next-line no-empty") },
    fault: word("host/src/a.ts:1  oxlint-", "disable-next-line"),
  },
  "a sleep in a test": {
    files: { "host/src/a.test.ts": "\nawait delay(10);" },
    fault: "host/src/a.test.ts:2  await delay(",
  },
  "a promise that only sleeps in a test": {
    files: { "host/src/a.test.ts": "await new Promise((resolve) => setTimeout(resolve, 10));" },
    fault: "host/src/a.test.ts:1  new Promise((resolve) => setTimeout(",
  },
  "a test that keeps others from running": {
    files: { "host/src/a.test.ts": word("test.on", 'ly("runs alone", () => {});') },
    fault: word("host/src/a.test.ts:1  test.on", "ly("),
  },
  "a file named after nothing": {
    files: { "host/src/utils.ts": "export const a = 1;" },
    fault: "host/src/utils.ts:1  the name /utils.ts",
  },
  "a folder named after a kind of syntax": {
    files: { "host/src/classes/a.ts": "export const a = 1;" },
    fault: "host/src/classes/a.ts:1  the name /classes/",
  },

  // Names of tests
  "two tests of one name": {
    files: {
      "host/src/a.test.ts": 'test("keeps its promise", a);',
      "host/src/b.test.ts": '\nit("keeps its promise", b);',
    },
    fault: 'host/src/b.test.ts:2  the test "keeps its promise" again',
  },
  "two tests of one name, one in a contract suite": {
    files: {
      "host/src/a.test.ts": 'test("keeps its promise", a);',
      "engine/src/testing/suite.ts": 'import { test } from "node:test";\ntest("keeps its promise", a);',
    },
    fault: 'host/src/a.test.ts:1  the test "keeps its promise" again',
  },
  "a test that should": {
    files: { "host/src/a.test.ts": 'test("should keep its promise", a);' },
    fault: 'host/src/a.test.ts:1  the test "should keep its promise"',
  },
  "a test named by its topic": {
    files: { "host/src/a.test.ts": 'test("promises", a);' },
    fault: 'host/src/a.test.ts:1  the test "promises"',
  },
};

for (const [what, { files, fault }] of Object.entries(PLANTED)) {
  test(`the house refuses ${what}`, (t) => {
    const faults = faultsOf(t, files);
    assert.equal(faults.length, 1, faults.join("\n"));
    assert.ok(faults[0]?.startsWith(`${fault}  `), faults[0]);
  });
}

const ALLOWED: Readonly<Record<string, Files>> = {
  "banned words where they are no code": {
    "engine/src/core/a.ts": '// never Date.now or setTimeout\nexport const a = "Math.random is for others";',
    "host/src/a.ts": word("export const a = /sa", "gas?/.test(`${/canc", "elled/}`);"),
  },
  "names of others in a translation": {
    "host/src/a.compat.ts": word('export const a = "sa', "ga canc", 'elled";'),
  },
  "a to-do with its issue": { "host/src/a.ts": "// TODO(#12) when 20 is gone" },
  "a silenced linter with its reason": {
    "host/src/a.ts": word("// oxlint-", "disable-next-line no-empty -- the file may be gone"),
  },
  "a test that imports the root's tools, the host and a fake": {
    "engine/src/runtime/a.test.ts":
      'import { format } from "prettier";\nimport { log } from "@sluice/host/log";\nimport { store } from "../stores/memory/store.ts";\nprocess.env;',
  },
  "a loop of a test that looks again": { "host/src/a.test.ts": "while (!done) {\n  await delay(10);\n}" },
  "one test name in two patterns": { "host/src/a.test.ts": 'if (/a/.test("twice")) /b/.test("twice");' },
};

for (const [what, files] of Object.entries(ALLOWED)) {
  test(`the house allows ${what}`, (t) => {
    assert.deepEqual(faultsOf(t, files), []);
  });
}

test("the house names file, line, fault and remedy, and ends with 1", (t) => {
  const root = plant(t, { "host/src/a.ts": "\nconsole.log(1);" });
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "check-house.ts"), root],
    { encoding: "utf8" },
  );
  assert.equal(status, 1);
  assert.match(
    stdout,
    /^host\/src\/a\.ts:2 {2}console\. {2}log with the host's log; only cli, tools and examples print$/m,
  );
  assert.match(stdout, /^house: 1 faults in \d+ files$/m);
});

test("the house ends with 0 where there is no fault", (t) => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "check-house.ts"), plant(t, {})],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^house: no fault in \d+ files$/m);
});

test("the house leaves folders alone that git does not keep", (t) => {
  const strange = { "my-flow/a.flow.ts": "console.log(1);\n" };
  assert.notDeepEqual(faultsOf(t, strange), []);
  assert.deepEqual(faultsOf(t, { ...strange, ".gitignore": "node_modules/\nmy-flow/\n" }), []);
});

test("the house measures files and functions in code lines, longest first", (t) => {
  const body = (lines: number) => "  a();\n".repeat(lines);
  const text = `// not counted\n\nexport function named<T>(a: T): T {\n${body(7)}}\nconst arrow = async (a: number) => {\n${body(5)}};\nclass A {\n  method(a = {}) {\n${body(3)}  }\n}\nfor (;;) {\n${body(9)}}\n`;
  const { files, functions } = findLongest(readRepository(plant(t, { "host/src/a.ts": text })), 3);
  assert.deepEqual(files[0], { file: "host/src/a.ts", line: 1, name: "", lines: 34 });
  assert.deepEqual(
    functions.map(({ name, lines, line }) => ({ name, lines, line })),
    [
      { name: "named", lines: 9, line: 3 },
      { name: "arrow", lines: 7, line: 12 },
      { name: "method", lines: 5, line: 20 },
    ],
  );
});

test("the house tells code from comments, text and patterns", () => {
  const source = "a /* b */ + `c ${d + `e ${f}` + \"g\"} h`; // i\nj / k / l; m = /n'[/]\"/g; o('p\\'q');";
  assert.equal(lex(source).only("code").replaceAll(/\s+/g, ""), "a+`${d+`${f}`+\"\"}`;j/k/l;m=;o('');");
  assert.equal(lex(source).only("comment").replaceAll(/\s+/g, ""), "/*b*///i");
  assert.equal(lex(source).only("text").replaceAll(/\s+/g, ""), "ceghp\\'q");
  assert.equal(lex(source).only("pattern").trim(), "/n'[/]\"/g");
  assert.equal(lex(source).only("code", "comment", "text", "pattern"), source);
});

test("the house has one row for each place its tables name", () => {
  const places = [
    ...Object.values(ROOMS).flat(),
    ...TESTS_MAY,
    ...PURE_ROOMS,
    ...MAIN_IMPORTERS,
    ...Object.values(DRIVERS).flat(),
  ];
  const rooms = Object.keys(ROOMS).map((room) => room.replace("/*", ""));
  for (const place of places)
    assert.ok(
      rooms.some((room) => place === room || place.startsWith(`${room}/`)),
      `${place} lies in no room`,
    );
});

function faultsOf(t: TestContext, files: Files): readonly string[] {
  return findFaults(readRepository(plant(t, files))).map(
    ({ file, line, found, instead }) => `${file}:${line}  ${found}  ${instead}`,
  );
}

function plant(t: TestContext, files: Files): string {
  const root = mkdtempSync(join(tmpdir(), "sluice-house-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries({ ...CLEAN, ...files })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}
