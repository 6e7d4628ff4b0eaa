import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { variablesOfUp } from "./options.ts";

/** Rooms whose options `sluice up` reads; a name without one is the default of each. */
const OF_A_ROOM = /^SLUICE_(?:ACCESS|DATABASE|ENGINE|HTTP|UP)_/;
const OF_COMMANDS = ["SLUICE_URL", "SLUICE_API_KEY", "SLUICE_BY", "SLUICE_CONFIG"];

test("docs/reference/variables.md lists every variable that is read, and no other", async () => {
  const text = await readFile(new URL("../../../docs/reference/variables.md", import.meta.url), "utf8");
  const listed = [...text.matchAll(/^\| `(SLUICE_[A-Z_]+)` /gm)].map(([, name = ""]) => name);
  const read = [...variablesOfUp("/nowhere")].filter(
    (name) => OF_A_ROOM.test(name) || name === "SLUICE_LOG_LEVEL",
  );
  assert.deepEqual(listed.toSorted(), [...read, ...OF_COMMANDS].toSorted());
});
