import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { transactional } from "./transactional.ts";

const { signal } = new AbortController();
const COMMANDS: CommandMessage[] = [1, 2].map((n) => ({
  commandId: `01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57:1:${n}`,
  type: "IssueTicket",
  runId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57",
  flow: "purchase",
  flowVersion: 1,
  attempt: 1,
  data: { seat: `A${n}` },
}));

test("a transactional participant hands all commands of a type and the transaction to its handler", async () => {
  const seen: unknown[] = [];
  const events: EventMessage[] = COMMANDS.map(() => ({ type: "TicketIssued", data: {} }));
  const participant = transactional("tickets", {
    IssueTicket: async (commands, transaction, given) => {
      seen.push(commands, transaction, given);
      return events;
    },
    ReturnTicket: async () => [],
  });
  assert.deepEqual(participant.commandTypes, ["IssueTicket", "ReturnTicket"]);
  assert.deepEqual([participant.channel, participant.handleMs], ["tickets", 5_000]);
  const transaction = { begun: true };
  assert.equal(await participant.handle("IssueTicket", COMMANDS, transaction, signal), events);
  assert.deepEqual(seen, [COMMANDS, transaction, signal]);
});

test("a transactional participant refuses a command it has no handler for", async () => {
  const participant = transactional("tickets", { IssueTicket: async () => [] }, { handleMs: 10 });
  await assert.rejects(participant.handle("constructor", COMMANDS, {}, signal), {
    code: "FLOW_COMMAND_REFUSED",
  });
  assert.throws(() => transactional("tickets", {}, { handleMs: -1 }), { code: "FLOW_BAD_OPTION" });
});
