/** What could not be taken in: it is seen, and goes back or is forgotten, without a word lost or said twice. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import type { ReceivedMessage } from "@sluice/contracts/broker-message";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { DeadLetterQueue } from "../../core/dead-letter-queue.ts";
import type { BrokerHarness, OpenBroker } from "../broker-contract.ts";
import { until } from "../until.ts";
import { BOUNDS, bytesOf, commandTo, receivedCommand, runOf } from "./messages.ts";

export function deadLetterPromises(open: OpenBroker): void {
  it("shows dead letters with their reason, as they came, and changes nothing by it", async (t) => {
    const { queue } = await openDead(t, open, ["not-json", "FLOW_BAD_DATA", "sold-out", "not-json"]);
    assert.match(queue.name, /\.dead-letters$|^dead-/);
    const list = await queue.list();
    assert.deepEqual(
      list.items.map(({ reason, category, commandId, runId }) => [reason, category, commandId, runId]),
      ["not-json", "FLOW_BAD_DATA", "sold-out", "not-json"].map((reason, at) => [
        reason,
        ["unreadable", "refused", "other", "unreadable"][at],
        commandTo(1, at).commandId,
        runOf(1),
      ]),
    );
    assert.deepEqual([list.total, list.isWhole, await queue.count()], [4, true, 4]);
    assert.deepEqual(list.counts, [
      { category: "unreadable", reason: "not-json", count: 2 },
      { category: "refused", reason: "FLOW_BAD_DATA", count: 1 },
      { category: "other", reason: "sold-out", count: 1 },
    ]);
    const [first] = list.items;
    assert.equal((JSON.parse(first?.body ?? "") as CommandMessage).commandId, commandTo(1, 0).commandId);
    assert.equal(first?.error, "as the test wants it");
    assert.deepEqual(
      Object.keys(first.headers).filter((name) => name.startsWith("sluice-dead")),
      [],
    );
    assert.deepEqual(await queue.list(), list);
    assert.deepEqual((await queue.list({ limit: 2 })).items, list.items.slice(0, 2));
    assert.deepEqual((await queue.list({ category: "refused" })).items, list.items.slice(1, 2));
    assert.deepEqual((await queue.list({ ids: [first.id], reason: "sold-out" })).items, []);
    await assert.rejects(queue.list({ limit: 0 }), { code: "FLOW_BAD_QUERY" });
  });

  it("redrives dead letters as the messages they were, in their order, and each once", async (t) => {
    const { queue, taken, mend } = await openDead(
      t,
      open,
      Array.from({ length: 6 }, () => "sold-out"),
    );
    mend();
    const ids = (await queue.list()).items.map(({ id }) => id);
    assert.deepEqual(await queue.redrive({ ids: ids.slice(1, 2) }), { done: ids.slice(1, 2), failed: [] });
    assert.deepEqual((await queue.redrive({ reason: "sold-out", limit: 3 })).done, [ids[0], ids[2], ids[3]]);
    assert.deepEqual((await queue.redrive({ runId: runOf(1) })).done, ids.slice(4));
    await until("all have come", () => taken.length === 6);
    assert.deepEqual(
      taken,
      [1, 0, 2, 3, 4, 5].map((number) => commandTo(1, number).commandId),
    );
    assert.deepEqual(await queue.redrive({}), { done: [], failed: [] });
    assert.deepEqual([await queue.count(), (await queue.list()).items], [0, []]);
  });

  it("takes up a redriven letter that dies again, and forgets what is discarded for good", async (t) => {
    const { queue, taken, mend } = await openDead(t, open, ["sold-out", "not-json"]);
    assert.equal((await queue.redrive({ reason: "sold-out" })).done.length, 1);
    await until(
      "it has died again",
      async () => (await queue.list({ reason: "sold-out" })).items.length === 1,
    );
    assert.equal((await queue.discard({ reason: "not-json" })).done.length, 1);
    assert.deepEqual(
      (await queue.list()).items.map(({ reason }) => reason),
      ["sold-out"],
    );
    mend();
    await queue.redrive({});
    await until("it has come", () => taken.length === 1);
    assert.equal(await queue.count(), 0);
  });

  it("keeps what can never be read among the dead letters until somebody discards it", async (t) => {
    const { broker, queue } = await openDead(t, open, []);
    await broker.injectCommand({ ...receivedCommand(commandTo(1, 1)), body: bytesOf("{ no json ä") });
    await until("it is dead", async () => (await queue.count()) === 1);
    const [letter] = (await queue.list()).items;
    assert.deepEqual(
      [letter?.body, letter?.bodyBytes, letter?.runId],
      ["{ no json ä", bytesOf("{ no json ä").byteLength, runOf(1)],
    );
    await queue.discard({ ids: [letter?.id ?? ""] });
    assert.equal(await queue.count(), 0);
  });
}

interface Dead {
  readonly broker: BrokerHarness;
  /** Of the service's commands: the first that the transport names. */
  readonly queue: DeadLetterQueue;
  /** Ids of the commands that were taken in, in order. */
  readonly taken: string[];
  /** From now on everything is taken in. */
  mend(): void;
}

/** A service that has buried a command for each reason, in order. */
async function openDead(t: TestContext, open: OpenBroker, reasons: readonly string[]): Promise<Dead> {
  const broker = await open(t, BOUNDS);
  // Its start makes what is missing at the broker.
  const transport = broker.transport();
  await transport.start?.(async () => ({ outcome: "taken" }));
  t.after(() => transport.stop?.());
  const source = broker.source();
  const taken: string[] = [];
  let isMended = false;
  await source.start(async ({ body }) => {
    const command = parse(body);
    if (isMended && command !== null) {
      taken.push(command.commandId);
      return { type: "none" };
    }
    const reason = command === null ? "not-json" : reasons[numberOf(command)];
    return { type: "dead", reason: reason ?? "not-json", error: "as the test wants it" };
  });
  t.after(() => source.stop());
  const [queue] = transport.deadLetters ?? [];
  assert.ok(queue !== undefined);
  for (const at of reasons.keys()) {
    await broker.injectCommand(receivedCommand(commandTo(1, at)));
    // One after the other, so that their order is known.
    await until("it is dead", async () => (await broker.deadCommands()).length === at + 1);
  }
  const mend = (): void => {
    isMended = true;
  };
  return { broker, queue, taken, mend };
}

function parse(body: ReceivedMessage["body"]): CommandMessage | null {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as CommandMessage;
  } catch {
    return null;
  }
}

function numberOf({ data }: CommandMessage): number {
  return (data as { readonly number: number }).number;
}
