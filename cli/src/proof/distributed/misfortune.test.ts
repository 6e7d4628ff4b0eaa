import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { Transport } from "@sluice/engine";
import type { CommandDelivery, CommandSource, TakeDelivery } from "@sluice/engine/participant";
import { Random } from "@sluice/engine/random-flows";
import { remembering } from "./remembering.ts";
import { unruly } from "./unruly.ts";

test("a transport that remembers sends commands of before once more, and nothing that was never sent", async () => {
  const sent: string[] = [];
  const plain: Transport = {
    channel: "post",
    commandsPerSendMax: 10,
    sendsMax: 1,
    send: async (commands) => {
      sent.push(...commands.map(({ commandId }) => commandId));
      return commands.map(() => ({ type: "delivered" }));
    },
  };
  const { transport, repeat } = remembering(plain);
  assert.equal(await repeat(), 0);
  const commands = Array.from({ length: 40 }, (_, at) => ({ commandId: `c${at}` }) as CommandMessage);
  await transport.send(commands, new AbortController().signal);
  const times = await repeat();
  const again = sent.slice(commands.length);
  assert.equal(again.length, times);
  assert.ok(times > 0 && again.every((id) => sent.slice(0, commands.length).includes(id)));
});

test("an unruly source refuses what was carried out only the first time, so that it comes again and is done with", async () => {
  let handOver: TakeDelivery = () => Promise.reject(new Error("not started"));
  const plain: CommandSource = {
    name: "post",
    start: async (take) => void (handOver = take),
    stop: async () => {},
    health: () => true,
  };
  await unruly(plain, new Random(1), AbortSignal.abort()).start(async () => ({ type: "none" }));
  const deliver = (isRedelivered: boolean) => handOver({ isRedelivered } as CommandDelivery);
  const first = await Promise.allSettled(Array.from({ length: 200 }, () => deliver(false)));
  assert.ok(first.some(({ status }) => status === "rejected"));
  assert.ok(first.some(({ status }) => status === "fulfilled"));
  const again = await Promise.allSettled(Array.from({ length: 200 }, () => deliver(true)));
  assert.ok(again.every(({ status }) => status === "fulfilled"));
});
