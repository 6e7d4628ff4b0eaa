import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Type } from "typebox";
import { parse } from "yaml";
import { compileFlow } from "../core/compile-flow.ts";
import { hasCode } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import { compileSchema } from "./compile-schema.ts";
import { defineFlow } from "./define-flow.ts";
import { purchase } from "./fixtures/purchase.flow.ts";
import { assertFlow, FILE_BYTES_MAX, loadFlowFile, requireFlowFile } from "./load-flow.ts";
import type { LoadedFlow } from "./load-flow.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const examples = fileURLToPath(new URL("../../../examples/flows", import.meta.url));
const example = join(examples, "purchase.yaml");

/** `line code state` of each finding, in the order of the text. */
function findingsOf(flows: readonly LoadedFlow[]): string[] {
  return flows.flatMap(({ findings }) =>
    findings.map(({ line, code, state }) => `${line} ${code} ${state ?? "-"}`),
  );
}

/** What a fixture says of itself: `# fault: <code> <state>` at the end of each line that is wrong. */
async function notesOf(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  return lines.flatMap((line, index) =>
    [...line.matchAll(/(?:#|\/\/) fault: ([a-z-]+) (\S+)/g)].map(
      ([, code, state]) => `${index + 1} ${code} ${state}`,
    ),
  );
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(hasCode(error, "FLOW_BAD_DEFINITION"), String(error));
    return error instanceof Error ? error.message : "";
  }
  return assert.fail("nothing was thrown");
}

describe("loadFlowFile", () => {
  let folder = "";
  before(async () => (folder = await mkdtemp(join(tmpdir(), "sluice-flows-"))));
  after(() => rm(folder, { recursive: true }));

  async function load(name: string, text: string | Buffer): Promise<readonly LoadedFlow[]> {
    const path = join(folder, name);
    await writeFile(path, text);
    return loadFlowFile(path);
  }

  it("finds nothing wrong with any of the examples, and an engine takes them", async () => {
    const files = (await readdir(examples)).filter((name) => name.endsWith(".yaml"));
    assert.ok(files.length >= 4);
    for (const file of files) {
      const [flow] = await loadFlowFile(join(examples, file));
      assert.deepEqual(flow?.findings, [], file);
      assert.ok(flow?.definition != null);
      assert.equal(`${compileFlow(flow.definition, compileSchema).name}.yaml`, file);
    }
  });

  it("takes functions wherever a rule may be one", async () => {
    const [flow] = await loadFlowFile(fixture("trip.flow.ts"));
    assert.deepEqual(flow?.findings, []);
    assert.ok(flow?.definition != null);
    assert.equal(compileFlow(flow.definition, compileSchema).states.size, 6);
  });

  it("reads the same flow from code and from data", async () => {
    const [fromCode] = await loadFlowFile(fixture("purchase.flow.ts"));
    const [fromData] = await loadFlowFile(example);
    assert.equal(fromCode?.definition, purchase);
    for (const part of ["events", "commands", "states"] as const) {
      assert.deepEqual(
        Object.keys(fromCode?.definition?.[part] ?? {}),
        Object.keys(fromData?.definition?.[part] ?? {}),
      );
    }
  });

  for (const name of [
    "many-faults.yaml",
    "step-faults.yaml",
    "duplicate-keys.yaml",
    "loops.yaml",
    "faulty.flow.ts",
  ]) {
    it(`finds each fault of ${name} with its state and line`, async () => {
      const expected = await notesOf(fixture(name));
      assert.ok(expected.length > 0);
      assert.deepEqual(findingsOf(await loadFlowFile(fixture(name))), expected);
    });
  }

  it("finds faults of JSON with state, line and column, and does not mind $schema", async () => {
    const [flow] = await loadFlowFile(fixture("faults.json"));
    assert.deepEqual(
      flow?.findings.map(({ line, column, code, state }) => [line, column, code, state]),
      [
        [10, 17, "unknown-target", "created"],
        [12, 7, "unknown-key", "created"],
        [14, 32, "duplicate-key", "paid"],
      ],
    );
    assert.equal(flow?.definition, null);
  });

  it("tells a fault of a state at its line, whatever the state is called", async () => {
    const states = ["constructor: { final: x }", "__proto__: { final: x }", "b: { final: x }"];
    const text = `name: odd\nversion: 1\nevents: {}\ninitial: b\nstates:\n${states.map((state) => `  ${state}\n`).join("")}`;
    const [flow] = await load("odd.yaml", text);
    assert.deepEqual(
      flow?.findings.map(({ line, code, state }) => [line, code, state]),
      [
        [6, "unreachable-state", "constructor"],
        [7, "bad-name", "__proto__"],
        [7, "unreachable-state", "__proto__"],
      ],
    );
  });

  it("takes what JSON does not allow for no JSON, at its place", async () => {
    for (const [text, line, column] of [
      ['{\n  "name": "broken",\n  "initial": tru\n}', 3, 17],
      ['{\n  "a": 1,\n}', 3, 1],
      ["{\n  a: 1\n}", 2, 3],
      ['{"a": [1 2]}', 1, 10],
      ['{"a": "x\ny"}', 1, 9],
      ['{"a": 1} {', 1, 10],
    ] as const) {
      const [flow] = await load("text.json", text);
      assert.deepEqual(
        flow?.findings.map((found) => [found.line, found.column, found.code]),
        [[line, column, "bad-syntax"]],
        text,
      );
    }
  });

  it("reads JSON that is indented with tabs", async () => {
    const [flow] = await load("tabs.json", '{\n\t"name": "tabs",\n\t\t"version": "one"\n}');
    const version = flow?.findings.find(({ path }) => path === "/version");
    assert.deepEqual([version?.line, version?.column], [3, 14]);
  });

  it("tells where YAML is broken", async () => {
    const [flow] = await load(
      "broken.yaml",
      "name: broken\nevents: { Paid: { type: object }\ninitial: created\n",
    );
    assert.deepEqual(
      flow?.findings.map(({ line, code }) => [line, code]),
      [[3, "bad-syntax"]],
    );
  });

  it("refuses YAML that stands for more than it is, or is not JSON", async () => {
    for (const text of [
      await readFile(fixture("laughs.yaml"), "utf8"),
      "a: &a { b: *a }",
      "a: *nobody",
      "a: !!js/function 'x'",
      "? [a]\n: 1",
      "[".repeat(10_000),
    ]) {
      const [flow] = await load("text.yaml", text);
      assert.equal(flow?.definition, null);
      assert.ok(flow.findings.length > 0 && flow.findings.length <= 5, text.slice(0, 40));
      assert.ok(flow.findings.every(({ code, line }) => code === "bad-syntax" && line !== null));
    }
  });

  it("says of a file that is nested without end that it is nested too deeply", async () => {
    const texts = {
      "brackets.yaml": `name: f\ndata: ${"[".repeat(5_000)}${"]".repeat(5_000)}\n`,
      "unclosed.yaml": "[".repeat(5_000),
      "dashes.yaml": `${"- ".repeat(5_000)}a`,
      "indented.yaml": Array.from({ length: 1_400 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join(""),
    };
    for (const [name, text] of Object.entries(texts)) {
      const [flow] = await load(name, text);
      const [finding, ...others] = flow?.findings ?? [];
      assert.deepEqual([flow?.definition, others.length], [null, 0], name);
      assert.match(finding?.message ?? "", /^the (file|flow) is .*nested too deeply/, name);
    }
  });

  it("refuses a version that the database cannot hold", async () => {
    const text = await readFile(example, "utf8");
    for (const version of ["2147483648", "99999999999999999999", "1e400", "0", "1.5"]) {
      const [flow] = await load(
        "version.json",
        JSON.stringify(parse(text)).replace(/"version":\d+/, `"version":${version}`),
      );
      assert.deepEqual(findingsOf(flow === undefined ? [] : [flow]), ["1 wrong-shape -"], version);
      assert.match(flow?.findings[0]?.message ?? "", /at \/version, expected/);
    }
    const [largest] = await load("largest.yaml", text.replace(/^version: \d+$/m, "version: 2147483647"));
    assert.equal(largest?.definition?.version, 2_147_483_647);
  });

  it("refuses several YAML documents, counts them, and shows where the second begins", async () => {
    const [flow] = await load("several.yaml", "name: one\n---\nname: two\n---\nname: [\n");
    assert.equal(flow?.definition, null);
    assert.deepEqual(
      flow.findings.map(({ line, column, code, message }) => [line, column, code, message]),
      [[2, 1, "bad-syntax", "the file has 3 documents, expected one; put each flow into a file of its own"]],
    );
  });

  it("takes aliases within reason", async () => {
    const text = await readFile(example, "utf8");
    const withAlias = text
      .replace("PaymentConfirmed: { type: object }", "PaymentConfirmed: &nothing { type: object }")
      .replace("OrderExpired: { type: object }", "OrderExpired: *nothing");
    const [flow] = await load("alias.yaml", withAlias);
    assert.deepEqual(flow?.findings, []);
    assert.deepEqual(flow?.definition?.events["OrderExpired"], { type: "object" });
  });

  it("shows where a file contains itself", async () => {
    const loops = [
      ["name: trip\ndata: &it\n  type: object\n  properties: { van: *it }\n", 4, 22, "/data/properties/van"],
      ["name: trip\nevents:\n  Paid: &a\n    allOf: [{}, [*a]]\n", 4, 18, "/events/Paid/allOf/1/0"],
    ] as const;
    for (const [text, line, column, path] of loops) {
      const [flow] = await load("loop.yaml", text);
      assert.equal(flow?.definition, null);
      const [found, ...others] = flow.findings;
      assert.deepEqual(others, []);
      assert.deepEqual([found?.line, found?.column, found?.path], [line, column, path]);
      assert.match(
        found?.message ?? "",
        /^the file contains itself: the alias \*(\w+) stands within &\1, expected/,
      );
    }
  });

  it("says what a file holds that holds no flow", async () => {
    for (const [name, text, found] of [
      ["other.yaml", "", "the file is empty"],
      ["other.json", " \n", "the file is empty"],
      ["other.yaml", "# to be written\n", "the file holds nothing"],
      ["other.json", "null", "the file holds nothing"],
      ["other.yaml", "- name: listed", "the file holds a list"],
      ["other.json", "[1, 2]", "the file holds a list"],
      ["other.yaml", "just a text", 'the file holds "just a text" (a text)'],
      ["other.json", "42", "the file holds 42"],
    ] as const) {
      const [flow] = await load(name, text);
      assert.equal(flow?.definition, null);
      assert.deepEqual(
        flow.findings.map(({ line, column, code, message }) => [line, column, code, message]),
        [
          [
            1,
            1,
            "wrong-shape",
            `${found}, expected one flow: an object with name, version, events, initial and states`,
          ],
        ],
        text,
      );
    }
  });

  it("misses what a flow must have", async () => {
    const [flow] = await load("lonely.yaml", "name: lonely");
    assert.deepEqual(
      flow?.findings.map(({ line, code, path }) => [line, code, path]),
      ["version", "events", "initial", "states"].map((field) => [1, "wrong-shape", `/${field}`]),
    );
  });

  it("says which value has the wrong shape, and which shape it needs", async () => {
    const wrong = (await readFile(example, "utf8"))
      .replace(/^version: 1$/m, 'version: "1"')
      .replace(/^initial: .*$/m, "initial: [created]");
    const [flow] = await load("wrong.yaml", wrong);
    const messages = flow?.findings.map(({ message }) => message) ?? [];
    assert.ok(
      messages.includes('the flow has "1" (a text) at /version, expected a whole number'),
      messages.join("\n"),
    );
    assert.ok(messages.includes("the flow has a list at /initial, expected a text"), messages.join("\n"));
  });

  it("keeps warnings of a flow that may run", async () => {
    const text = (await readFile(example, "utf8")).replace(
      "businessStates: [open,",
      "businessStates: [lost, open,",
    );
    const [flow] = await load("warned.yaml", text);
    assert.notEqual(flow?.definition, null);
    assert.deepEqual(
      flow?.findings.map(({ code, severity }) => `${severity} ${code}`),
      ["warning unused-business-state"],
    );
  });

  it("takes every flow that a module exports", async () => {
    const flows = await loadFlowFile(fixture("faulty.flow.ts"));
    assert.equal(flows.length, 2);
    assert.ok(flows.every(({ definition }) => definition === null));
  });

  it("tells where code is broken", async () => {
    for (const [name, text, line, column, message] of [
      ["comma.ts", 'import "node:fs";\nexport const a = {\n  b: 1,,\n};\n', 3, 8, /Unexpected token/],
      ["tabs.ts", "export const a = {\n\t\tb: 1,,\n};\n", 2, 8, /Unexpected token/],
      ["windows.ts", "export const a = {\r\n  b: 1,,\r\n};\r\n", 2, 8, /Unexpected token/],
      ["lines.ts", "export const a = {\n  b: `x\n};\n", 2, 1, /Unterminated template/],
      ["enum.ts", "const a = 1;\nexport enum B { c }\n", 2, 8, /enum is not supported/],
      ["import.ts", 'import { nobody } from "node:fs";\nexport { nobody };\n', 1, 10, /named 'nobody'/],
    ] as const) {
      const [flow] = await load(name, text);
      assert.equal(flow?.definition, null);
      const [found] = flow.findings;
      assert.deepEqual(
        [found?.file, found?.line, found?.column, found?.code],
        [join(folder, name), line, column, "bad-syntax"],
      );
      assert.match(found?.message ?? "", /^the file cannot be run: .*, expected JavaScript, or TypeScript /);
      assert.match(found?.message ?? "", message);
    }
  });

  it("tells where code throws, and where what it imports is broken", async () => {
    await writeFile(join(folder, "inner.ts"), "export const inner = 1;\nexport const other = ;\n");
    const broken = load("outer.ts", 'import { inner } from "./inner.ts";\nexport { inner };\n');
    const message = await messageOf(broken);
    assert.ok(message.includes(`outer.ts cannot be run: ${join(folder, "inner.ts")}:2:22: `), message);
    const parsed = load("parsed.ts", 'export const flow =\n  JSON.parse("{");\n');
    assert.match(
      await messageOf(parsed),
      /parsed\.ts cannot be run: .*parsed\.ts:2:8: Expected property name/,
    );
  });

  it("refuses a file it cannot look at, and says why", async () => {
    const large = join(folder, "large.yaml");
    await writeFile(large, `name: "${"x".repeat(FILE_BYTES_MAX)}"`);
    await writeFile(join(folder, "latin.yaml"), Buffer.from([0x6e, 0x3a, 0x20, 0xfc]));
    assert.match(
      await messageOf(loadFlowFile(join(folder, "none.yaml"))),
      /none\.yaml cannot be read; is the path right\?/,
    );
    assert.match(await messageOf(loadFlowFile(large)), /has 1048584 bytes, expected at most 1048576/);
    assert.match(await messageOf(loadFlowFile(join(folder, "latin.yaml"))), /cannot be read as UTF-8/);
    assert.match(await messageOf(loadFlowFile(join(folder, "flow.toml"))), /flow\.toml is no flow file/);
    assert.match(await messageOf(loadFlowFile(fixture("no-flow.ts"))), /exports no flow/);
    assert.match(
      await messageOf(loadFlowFile(fixture("throwing.flow.ts"))),
      /cannot be run: .*throwing\.flow\.ts:\d+:\d+: no connection here/,
    );
    await assert.rejects(loadFlowFile(`${folder}.yaml/`));
  });
});

describe("requireFlowFile", () => {
  it("gives the flows of a sound file", async () => {
    const [flow] = await requireFlowFile(example);
    assert.equal(flow?.name, "purchase");
  });

  it("refuses a faulty one with every error and its line", async () => {
    const message = await messageOf(requireFlowFile(fixture("many-faults.yaml")));
    const errors = (await notesOf(fixture("many-faults.yaml"))).filter((note) => !/unused|odd/.test(note));
    assert.equal(message.split("\n").length, errors.length + 1);
    assert.match(message, /many-faults\.yaml:32:19: state created goes to "piad", .* \[unknown-target\]/);
  });
});

describe("assertFlow", () => {
  it("takes a sound flow, and answers its warnings", () => {
    assert.deepEqual(assertFlow(purchase), []);
    const warned = { ...purchase, businessStates: ["lost", ...(purchase.businessStates ?? [])] };
    assert.deepEqual(
      assertFlow(warned).map(({ code }) => code),
      ["unused-business-state"],
    );
  });

  it("refuses a faulty flow with every error, its state, and the line in the code", () => {
    const faulty = defineFlow({
      name: "faulty",
      version: 1,
      events: { Paid: Type.Object({}) },
      initial: "created",
      states: {
        created: { on: { Paid: "paid" } },
        paid: { final: "paid" },
        "on-hold": { on: { Paid: "paid" } },
        lost: { final: "lost" },
      },
    });
    assert.throws(
      () => assertFlow(faulty),
      (error: Error) => {
        assert.ok(hasCode(error, "FLOW_BAD_DEFINITION"));
        assert.match(error.message, /^flow faulty has 2 errors:\n/);
        assert.match(error.message, /load-flow\.test\.ts:\d+:9: state on-hold is never reached/);
        assert.match(error.message, /load-flow\.test\.ts:\d+:9: state lost is never reached/);
        return true;
      },
    );
  });

  it("refuses a flow that was written without types, without lines", () => {
    const wrong = { name: "wrong", version: 0, initial: 5, events: [], states: { a: { on: { Go: 7 } } } };
    assert.throws(
      () => assertFlow(wrong as unknown as FlowDefinition),
      /flow wrong has \d+ errors:\n {2}the flow has 0 at \/version, expected >= 1/,
    );
  });

  it("refuses data that is no object", () => {
    assert.throws(() => assertFlow({ ...purchase, data: Type.String() }), /has data that is no object/);
  });

  it("refuses a definition that contains itself", () => {
    const states: Record<string, unknown> = { a: { final: "a" } };
    states["b"] = { on: states };
    const looped = { name: "looped", version: 1, initial: "a", events: {}, states };
    assert.throws(
      () => assertFlow(looped as unknown as FlowDefinition),
      /FLOW_BAD_DEFINITION|contains itself/,
    );
  });
});
