import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { listenTo } from "@sluice/host/options";
import { resolveServiceOptions } from "../service/options.ts";
import { variablesOfUp } from "./options.ts";

/** Rooms whose options `sluice up` and `sluice service` read; a name without one is the default of each. */
const OF_A_ROOM = /^SLUICE_(?:ACCESS|API|DATABASE|ENGINE|HTTP|SERVICE|UP)_/;
const OF_COMMANDS = ["SLUICE_URL", "SLUICE_API_KEY", "SLUICE_BY", "SLUICE_CONFIG"];

test("docs/reference/variables.md lists every variable that is read, and no other", async () => {
  const text = await readFile(new URL("../../../docs/reference/variables.md", import.meta.url), "utf8");
  const listed = [...text.matchAll(/^\| `(SLUICE_[A-Z_]+)` /gm)].map(([, name = ""]) => name);
  const { env, asked } = listenTo({});
  resolveServiceOptions({}, env);
  const read = [...variablesOfUp("/nowhere").union(asked)].filter(
    (name) => OF_A_ROOM.test(name) || name === "SLUICE_LOG_LEVEL",
  );
  assert.deepEqual(listed.toSorted(), [...read, ...OF_COMMANDS].toSorted());
});
