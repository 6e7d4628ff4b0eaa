import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMAND_FAILED } from "../../core/flow.ts";
import type { HistoryEntry } from "../../core/history.ts";
import { issuedCommands } from "./check-effects.ts";
import type { End } from "./check-effects.ts";
import type { FinishedRun } from "./finished-run.ts";

const commands = new Map([["Also", { channel: "remote", child: null }]]);
const flow = { commands } as unknown as FinishedRun["flow"];

/** What the history of a run says of its one command, after it was issued and delivered and the run went on without its answer. */
function endOf(brokered: readonly string[], ...later: readonly Pick<HistoryEntry, "kind" | "type">[]): End {
  const told: readonly Partial<HistoryEntry>[] = [
    { kind: "started", commands: [{ id: "c", type: "Also" }] },
    { kind: "command-delivered", commandId: "c" },
    { kind: "event", type: "Elsewhere", eventId: "e" },
    ...later.map((each) => ({ ...each, commandId: "c", eventId: "c:answer" })),
  ];
  const entries = told.map(
    (each, at) => ({ version: at + 1, atMs: at, state: "s", ...each }) as HistoryEntry,
  );
  const [command] = issuedCommands({ entries, flow }, new Set(brokered));
  return command?.end ?? assert.fail("no command");
}

test("a command that a broker has taken is open until it is answered, also when its run has gone on meanwhile", () => {
  assert.equal(endOf([]), "done");
  assert.equal(endOf(["remote"]), "open");
  assert.equal(endOf(["remote"], { kind: "unexpected", type: "AlsoDone" }), "done");
});

test("a command that a broker has taken and its participant has failed is failed, also when its run has gone on meanwhile", () => {
  assert.equal(endOf(["remote"], { kind: "unexpected", type: COMMAND_FAILED }), "failed");
  assert.equal(endOf(["other"], { kind: "unexpected", type: COMMAND_FAILED }), "done");
});
