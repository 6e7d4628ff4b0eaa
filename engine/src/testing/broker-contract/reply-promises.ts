/** From participants to the engine: what a transport takes in. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { encodeReply } from "@sluice/contracts/broker-message";
import type { ReplyMessage } from "@sluice/contracts/envelope";
import { engineError } from "../../core/errors.ts";
import type { TakenReply } from "../../core/ports.ts";
import type { OpenBroker } from "../broker-contract.ts";
import { BOUNDS, UNREADABLE_REPLIES, eventFor, nameOf, received, receivedReply, runOf } from "./messages.ts";
import { until } from "../until.ts";

const TAKEN: TakenReply = { outcome: "taken" };

export function replyPromises(open: OpenBroker): void {
  it("brings every kind of reply as it was told, plain or as a CloudEvent", async (t) => {
    const broker = await open(t, BOUNDS);
    const runId = runOf(1);
    const about = { runId, commandId: `${runId}:1:0`, attempt: 2 };
    const told: readonly ReplyMessage[] = [
      eventFor(1, "e-1"),
      { kind: "answer", ...about, event: { type: "Done", data: { text: 'ä\u0000"☃', list: [null] } } },
      {
        kind: "failure",
        ...about,
        error: { code: "SHOP_AWAY", kind: "overloaded", message: "too much", retryAfterMs: 500 },
      },
    ];
    for (const reply of told) {
      await broker.injectReply(received(encodeReply(reply)));
      await broker.injectReply(received(encodeReply(reply, { envelope: "cloudevents", nowMs: 0 })));
    }
    const taken: ReplyMessage[] = [];
    const transport = broker.transport();
    await transport.start?.(async (reply) => {
      taken.push(reply);
      return TAKEN;
    });
    await until("all have come", () => taken.length >= 6);
    assert.deepEqual(
      taken,
      told.flatMap((reply) => [reply, reply]),
    );
    await transport.stop?.();
  });

  it("takes the replies of a run one at a time in their order, while other runs do not wait for it", async (t) => {
    const broker = await open(t, BOUNDS);
    const transport = broker.transport();
    const [begun, ended]: [string[], string[]] = [[], []];
    const gate = Promise.withResolvers<void>();
    await transport.start?.(async (reply) => {
      begun.push(nameOf(reply));
      if (nameOf(reply) === "a1") await gate.promise;
      ended.push(nameOf(reply));
      return TAKEN;
    });
    for (const id of ["a1", "a2", "a3"]) await broker.injectReply(receivedReply(eventFor(1, id)));
    for (const id of ["b1", "b2"]) await broker.injectReply(receivedReply(eventFor(2, id)));
    await until("the other run has passed", () => ended.length === 2);
    assert.deepEqual(
      [begun.toSorted(), ended],
      [
        ["a1", "b1", "b2"],
        ["b1", "b2"],
      ],
    );
    gate.resolve();
    await until("all have passed", () => ended.length === 5);
    assert.deepEqual(ended.slice(2), ["a1", "a2", "a3"]);
    await transport.stop?.();
  });

  it("offers a reply again that the engine cannot take now, and says that it waits; nothing of its run passes it", async (t) => {
    const broker = await open(t, BOUNDS);
    const transport = broker.transport();
    const taken: string[] = [];
    let isAway = true;
    await transport.start?.(async (reply) => {
      if (isAway && nameOf(reply) === "a1") throw engineError("FLOW_STORE_UNAVAILABLE", "the store is away");
      taken.push(nameOf(reply));
      return TAKEN;
    });
    for (const id of ["a1", "a2"]) await broker.injectReply(receivedReply(eventFor(1, id)));
    await broker.injectReply(receivedReply(eventFor(2, "b1")));
    await until("the other run has passed", () => taken.includes("b1"));
    await until("it says so", () => String(transport.health?.()).includes("the store is away"));
    assert.deepEqual(taken, ["b1"]);
    isAway = false;
    await until("all have passed", () => taken.length === 3);
    assert.deepEqual([taken, transport.health?.()], [["b1", "a1", "a2"], true]);
    await transport.stop?.();
  });

  it("buries what the engine refuses, as it came and with the reason, and goes on with those behind it", async (t) => {
    const broker = await open(t, BOUNDS);
    const transport = broker.transport();
    const taken: string[] = [];
    await transport.start?.(async (reply) => {
      if (nameOf(reply) === "bad")
        return { outcome: "refused", code: "FLOW_UNKNOWN_EVENT", message: "no such" };
      taken.push(nameOf(reply));
      return TAKEN;
    });
    const bad = receivedReply(eventFor(1, "bad"));
    await broker.injectReply(bad);
    await broker.injectReply(receivedReply(eventFor(1, "good")));
    await until("the good one has passed", () => taken.length === 1);
    const [dead, ...others] = await broker.deadReplies();
    assert.equal(others.length, 0);
    assert.deepEqual(
      [dead?.reason, dead?.key ?? runOf(1), Buffer.from(dead?.body ?? []), dead?.headers["sluice-event-id"]],
      ["FLOW_UNKNOWN_EVENT", runOf(1), Buffer.from(bad.body), "bad"],
    );
    await transport.stop?.();
  });

  it("buries every message that cannot be read, with the reason, and goes on with those behind it", async (t) => {
    const broker = await open(t, BOUNDS);
    const transport = broker.transport();
    const taken: string[] = [];
    await transport.start?.(async (reply) => {
      taken.push(nameOf(reply));
      return TAKEN;
    });
    for (const [, message] of UNREADABLE_REPLIES) await broker.injectReply(message);
    await broker.injectReply(receivedReply(eventFor(1, "good")));
    await until("the good one has passed", () => taken.length === 1);
    await until("the others are buried", async () => {
      return (await broker.deadReplies()).length >= UNREADABLE_REPLIES.length;
    });
    assert.deepEqual(taken, ["good"]);
    assert.deepEqual(
      (await broker.deadReplies()).map(({ reason }) => reason).toSorted(),
      UNREADABLE_REPLIES.map(([reason]) => reason).toSorted(),
    );
    await transport.stop?.();
  });

  it("stops after what it has handed over is committed, and leaves the rest to the next one", async (t) => {
    const broker = await open(t, BOUNDS);
    const first = broker.transport();
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    await first.start?.(async (reply) => {
      begun.push(nameOf(reply));
      await gate.promise;
      return TAKEN;
    });
    for (const id of ["a1", "a2"]) await broker.injectReply(receivedReply(eventFor(1, id)));
    await until("it is handed over", () => begun.length === 1);
    let isStopped = false;
    const stopped = Promise.resolve(first.stop?.()).then(() => (isStopped = true));
    await broker.injectReply(receivedReply(eventFor(1, "a3")));
    assert.equal(isStopped, false);
    gate.resolve();
    await stopped;
    assert.deepEqual(begun, ["a1"]);
    const taken: string[] = [];
    const next = broker.transport();
    await next.start?.(async (reply) => {
      taken.push(nameOf(reply));
      return TAKEN;
    });
    await until("the rest has come", () => taken.includes("a3"));
    assert.deepEqual(taken, ["a2", "a3"]);
    await next.stop?.();
  });
}
