/** Lists on the command line, where the server has rows that nobody can read. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import type { Store } from "@sluice/engine";
import { createMemoryStore } from "@sluice/engine/memory";
import { memoryDatabase, startMemoryServer } from "../fixtures/memory-server.ts";
import { sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";

const ID = "0540d3d9-53bd-81ba-a6d6-599ae8d7fb15";
const FAULT = "column x is no JSON; run `sluice audit`, and restore the row from a backup";
const LISTS = [
  { args: ["runs", "list"], row: "run", none: "no runs" },
  { args: ["dead-letters", "list"], row: "dead letter", none: "no dead letters" },
  { args: ["jobs", "list"], row: "job", none: "no jobs" },
  { args: ["audit", "--actions"], row: "action", none: "nobody has done anything" },
];

/** One whose lists have a row each that nobody can read, once there is anything to spoil. */
async function openSpoiled(t: TestContext) {
  const stored = createMemoryStore({ database: memoryDatabase(), engineId: "spoiled" });
  const spoiled = { unreadable: [{ id: ID, fault: FAULT }] };
  const state = { isSpoiled: false };
  const store: Store = {
    ...stored,
    listRuns: async (query) => {
      const page = await stored.listRuns(query);
      const items = page.items.map((row) => ({ ...row, enteredAtMs: Number.POSITIVE_INFINITY }));
      return state.isSpoiled ? { ...page, items } : page;
    },
    listDeadLetters: async (query) => ({
      ...(await stored.listDeadLetters(query)),
      ...(state.isSpoiled ? spoiled : {}),
    }),
    listActions: async (query) => ({
      ...(await stored.listActions(query)),
      ...(state.isSpoiled ? spoiled : {}),
    }),
  };
  const { url, engine } = await startMemoryServer(t, { store });
  const run = (args: readonly string[]) => sluice(args, { env: { SLUICE_URL: url, TERM: "dumb" } });
  return { run, engine, state };
}

it("a list tells of each row that nobody can read, to people and in JSON, and never that there is nothing", async (t) => {
  const { run, engine, state } = await openSpoiled(t);
  for (const { args, none } of LISTS) assert.equal((await run(args)).stdout, `${none}\n`);
  const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
  await until("it is listed", async () => (await engine.client.list({ limit: 1 })).items.length === 1);
  state.isSpoiled = true;
  for (const { args, row } of LISTS) {
    const id = row === "run" ? runId : ID;
    const { exitCode, stdout } = await run(args);
    assert.equal(exitCode, 0);
    assert.match(
      stdout,
      new RegExp(
        `^${row} ${id} cannot be read: .+; run \`sluice audit\`, and restore the row from a backup\n$`,
      ),
    );
    const { unreadable } = JSON.parse((await run([...args, "--json"])).stdout) as {
      unreadable: readonly { id: string }[];
    };
    assert.deepEqual(
      unreadable.map((each) => each.id),
      [id],
    );
  }
});

it("what was done to dead messages says that it was messages", async (t) => {
  const { run, engine } = await openSpoiled(t);
  const subject = {
    filter: { queue: "mail.dead-letters", ids: ["a", "b", "c"] },
    broker: "rabbitmq",
    ids: ["a", "b", "c"],
  };
  await engine.operator.record("queue.discard", subject, { by: "anna" });
  assert.match(
    (await run(["audit", "--actions"])).stdout,
    /queue\.discard +queue=mail\.dead-letters 3 messages +-/,
  );
});
