import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { ErrorCatalogue } from "@sluice/contracts/problem";
import { ENGINE_ERRORS } from "@sluice/engine";
import { HOST_ERRORS } from "@sluice/host/errors";
import { STATUS_OF_KIND } from "@sluice/host/status";
import { CLI_ERRORS } from "./errors.ts";

/** Code, kind and HTTP status of each row of the page, by section. */
async function readPage(): Promise<Map<string, readonly string[]>> {
  const text = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const rows = text.matchAll(/^\| `([A-Z_]+)` +\| (\w+) +\| +([\d–]+) \|/gm);
  return new Map([...rows].map(([, code = "", kind = "", http = ""]) => [code, [kind, http]]));
}

function rowsOf(catalogue: ErrorCatalogue, isOverHttp: boolean): [string, readonly string[]][] {
  return Object.entries(catalogue).map(([code, row]) => {
    const kind = typeof row === "string" ? row : row.kind;
    const http = typeof row === "string" ? STATUS_OF_KIND[kind] : row.http;
    return [code, [kind, isOverHttp ? String(http) : "–"]];
  });
}

test("docs/errors.md lists every code with its kind and status, and no other", async () => {
  const expected = new Map([
    ...rowsOf(ENGINE_ERRORS, true),
    ...rowsOf(HOST_ERRORS, true),
    ...rowsOf(CLI_ERRORS, false),
  ]);
  assert.deepEqual(await readPage(), expected);
});
