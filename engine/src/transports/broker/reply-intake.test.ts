import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeReply } from "@sluice/contracts/broker-message";
import type { ReceivedMessage } from "@sluice/contracts/broker-message";
import { engineError } from "../../core/errors.ts";
import type { MeterPort } from "../../core/ports.ts";
import { ReplyIntake } from "./reply-intake.ts";
import type { ReplyIntakeParts } from "./reply-intake.ts";

const RUN_ID = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";

function told(id: string): ReceivedMessage {
  const event = { id, type: "Told", data: {} };
  const { key, headers, body } = encodeReply({ kind: "event", runId: RUN_ID, event });
  return { key, headers, body: new TextEncoder().encode(body) };
}

function open(parts: Partial<ReplyIntakeParts>) {
  const counted: string[] = [];
  const nothing = { set: () => {}, observe: () => {} };
  const meter: MeterPort = {
    counter: (name) => ({ inc: (labels) => void counted.push([name, ...Object.values(labels)].join(" ")) }),
    gauge: () => nothing,
    histogram: () => nothing,
  };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const waits: number[] = [];
  const intake = new ReplyIntake({
    channel: "post",
    take: async () => ({ outcome: "taken" }),
    bury: async () => {},
    repliesMax: 10,
    clock: {
      random: () => 0.5,
      schedule: (ms, callback) => {
        waits.push(ms);
        const soon = setImmediate(callback);
        return () => clearImmediate(soon);
      },
    },
    log,
    meter,
    ...parts,
  });
  return { intake, counted, waits };
}

test("replies are counted by what became of them, dead ones by their reason", async () => {
  const outcomes = ["taken", "stale", "refused"] as const;
  let nth = 0;
  const { intake, counted } = open({
    take: async () => ({ outcome: outcomes[nth++] ?? "taken", code: "FLOW_UNKNOWN_RUN", message: "none" }),
  });
  for (const id of ["a", "b", "c"]) await intake.take(told(id));
  await intake.take({ ...told("d"), body: new Uint8Array() });
  assert.deepEqual(counted, [
    "sluice_broker_replies_total post taken",
    "sluice_broker_replies_total post stale",
    "sluice_broker_replies_total post refused",
    "sluice_broker_dead_replies_total post FLOW_UNKNOWN_RUN",
    "sluice_broker_dead_replies_total post not-json",
  ]);
});

test("a dead letter that cannot be written is written later, and holds its message until then", async () => {
  let attempts = 0;
  const { intake, waits } = open({
    take: async () => ({ outcome: "refused", code: "FLOW_UNKNOWN_RUN", message: "none" }),
    bury: async () => {
      assert.equal(intake.health(), attempts === 0 ? true : "1 replies wait: the broker is away");
      if (++attempts < 4) throw new Error("the broker is away");
    },
  });
  await intake.take(told("a"));
  assert.deepEqual([attempts, waits], [4, [26, 51, 101]]);
  assert.equal(intake.health(), true);
});

test("an intake that stops gives back what waits to be offered again, and what waits behind it", async () => {
  const offered = Promise.withResolvers<void>();
  const { intake } = open({
    take: async () => {
      offered.resolve();
      throw engineError("FLOW_STORE_UNAVAILABLE", "the store is away");
    },
    clock: { random: () => 0.5, schedule: () => () => {} },
  });
  const messages = [told("a"), told("b")].map((message) => intake.take(message));
  const ends = Promise.allSettled(messages);
  await offered.promise;
  await intake.stop();
  for (const end of await ends)
    assert.equal(end.status === "rejected" && (end.reason as { code: string }).code, "FLOW_STOPPING");
  await assert.rejects(intake.take(told("c")), { code: "FLOW_STOPPING", kind: "unavailable" });
});

test("an intake offers no reply on that the broker has taken back, nor those behind it, and is well again", async () => {
  const wanted = new Set<ReceivedMessage>();
  const messages = [told("a"), told("b")];
  for (const message of messages) wanted.add(message);
  let offered = 0;
  const { intake } = open({
    isWanted: (message) => wanted.has(message),
    take: async () => {
      offered++;
      wanted.clear();
      throw engineError("FLOW_STORE_UNAVAILABLE", "the store is away");
    },
  });
  const ends = await Promise.allSettled(messages.map((message) => intake.take(message)));
  for (const end of ends)
    assert.equal(
      end.status === "rejected" && (end.reason as { code: string }).code,
      "FLOW_BROKER_UNAVAILABLE",
    );
  assert.equal(offered, 1);
  assert.equal(intake.health(), true);
});

test("an intake buries no message on that the broker has taken back", async () => {
  let attempts = 0;
  const { intake } = open({
    isWanted: () => attempts < 2,
    bury: async () => {
      attempts++;
      throw new Error("the broker is away");
    },
  });
  const unreadable = { ...told("a"), body: new Uint8Array() };
  await assert.rejects(intake.take(unreadable), { code: "FLOW_BROKER_UNAVAILABLE" });
  assert.equal(attempts, 2);
  assert.equal(intake.health(), true);
});
