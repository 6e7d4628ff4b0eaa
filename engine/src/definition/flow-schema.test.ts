import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { FINDINGS } from "../core/findings.ts";
import { compileSchema } from "./compile-schema.ts";
import { flowToJson } from "./hash-flow.ts";
import { FLOW_SCHEMA } from "./flow-schema.ts";
import { inspectFlow } from "./inspect-flow.ts";
import { purchase } from "./fixtures/purchase.flow.ts";

const publishedSchema = new URL("../../../docs/reference/flow.schema.json", import.meta.url);
const reference = new URL("../../../docs/reference/definition.md", import.meta.url);

describe("the published schema of flow files", () => {
  it("is the one that files are checked with; SLUICE_UPDATE=1 writes it anew", async () => {
    const text = `${JSON.stringify(FLOW_SCHEMA, null, 2)}\n`;
    if (process.env["SLUICE_UPDATE"] === "1") await writeFile(publishedSchema, text);
    assert.deepEqual(JSON.parse(await readFile(publishedSchema, "utf8")), JSON.parse(text));
  });

  it("takes every part of the examples", async () => {
    for (const name of ["purchase", "trip", "monthly-billing", "charge-subscriber"]) {
      const url = new URL(`../../../examples/flows/${name}.yaml`, import.meta.url);
      assert.equal(compileSchema(FLOW_SCHEMA)(parse(await readFile(url, "utf8"))), null);
    }
  });

  it("refuses functions, which only code can hold", () => {
    const faults = compileSchema(FLOW_SCHEMA)(flowToJson(purchase));
    assert.deepEqual(
      faults?.map(({ path }) => path),
      [
        "/states/order-created/on/PaymentStarted/update/set",
        "/states/order-created/on/PaymentStarted/update/$function",
        "/states/paid/send/IssueTicket/pick",
        "/states/paid/send/IssueTicket/$function",
      ],
    );
  });
});

describe("the reference of the definition", () => {
  it("lists every finding with its severity, in the order of the code", async () => {
    const text = await readFile(reference, "utf8");
    const table = text.slice(text.indexOf("## Findings"));
    const rows = [...table.matchAll(/^\| `([a-z-]+)` *\| (error|warning) *\|/gm)];
    assert.deepEqual(
      rows.map(([, code, severity]) => `${code} ${severity}`),
      Object.entries(FINDINGS).map(([code, severity]) => `${code} ${severity}`),
    );
  });

  it("names every field of the schema", async () => {
    const text = await readFile(reference, "utf8");
    for (const field of fieldsOf(FLOW_SCHEMA)) {
      assert.match(text, new RegExp(`\`[^\`\\n]*\\b${field}\\b[^\`\\n]*\``), `no word about ${field}`);
    }
  });

  it("shows whole flows in which nothing is wrong", async () => {
    const text = await readFile(reference, "utf8");
    const flows = [...text.matchAll(/^```yaml\n(name:[^]*?)^```$/gm)].map(
      ([, yaml]) => parse(yaml ?? "") as unknown,
    );
    assert.ok(flows.length > 0);
    for (const flow of flows) assert.deepEqual(inspectFlow(flow), []);
  });
});

/** Names of all properties that a schema describes, at any depth. */
function fieldsOf(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const own =
    "properties" in schema && typeof schema.properties === "object"
      ? Object.keys(schema.properties ?? {})
      : [];
  const inner = Object.entries(schema).flatMap(([, value]) => fieldsOf(value));
  return [...new Set([...own.filter((field) => field !== "$schema"), ...inner])];
}
