import { brokerContract } from "../../testing/broker-contract.ts";
import { CONTRACT_CHANNEL } from "../../testing/broker-contract/whole-promises.ts";
import { systemClock } from "../../runtime/clock.ts";
import { NO_LOG, NO_METER } from "../../core/silent.ts";
import { memoryBroker } from "./memory-broker.ts";
import type { Buried } from "./memory-dead-letters.ts";

const buried = ({ message, reason }: Buried) => ({ ...message, reason });

brokerContract("the memory broker", async (_t, bounds) => {
  const broker = memoryBroker({ ...bounds, clock: systemClock(), log: NO_LOG, meter: NO_METER });
  return {
    transport: () => broker.transport(CONTRACT_CHANNEL),
    source: () => broker.source("contract"),
    injectCommand: async (message) => broker.commands.appendRaw(message),
    injectReply: async (message) => broker.replies.appendRaw(message),
    deadCommands: async () => broker.deadCommands.list().map(buried),
    deadReplies: async () => broker.deadReplies.list().map(buried),
  };
});
