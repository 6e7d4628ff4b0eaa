/** From the engine to the service: what a transport sends, and what a source hands over. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { decodeCommand, encodeReply } from "@sluice/contracts/broker-message";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { OpenBroker } from "../broker-contract.ts";
import type { CommandDelivery, CommandOutcome, CommandSource } from "../../participant/command-source.ts";
import { BOUNDS, IGNORED, UNREADABLE_COMMANDS, commandTo, nameOf, receivedCommand } from "./messages.ts";
import { until } from "../until.ts";

const NONE: CommandOutcome = { type: "none" };

export function commandPromises(open: OpenBroker): void {
  it("names its bounds as whole numbers of at least 1, and how it is", async (t) => {
    const broker = await open(t, BOUNDS);
    const transport = broker.transport();
    for (const bound of [transport.commandsPerSendMax, transport.sendsMax])
      assert.ok(Number.isInteger(bound) && bound >= 1);
    const source = broker.source();
    await transport.start?.(async () => ({ outcome: "taken" }));
    await source.start(async () => NONE);
    await until("both sides are well", () => transport.health?.() === true && source.health() === true);
    await Promise.all([transport.stop?.(), source.stop()]);
    assert.notEqual(source.health(), true);
  });

  it("settles every command of a full send as delivered, and hands them over as they are", async (t) => {
    const broker = await open(t, BOUNDS);
    const transport = broker.transport();
    await transport.start?.(async () => ({ outcome: "taken" }));
    const { source, commands } = await recording(broker.source());
    const text = 'ä\u0000 "quoted"\n☃';
    const sent = Array.from({ length: Math.min(transport.commandsPerSendMax, 100) }, (_, number) =>
      commandTo(number % 7, number, { text, list: [1, null, { deep: true }] }),
    );
    const settlements = await transport.send(sent, IGNORED);
    assert.deepEqual(
      settlements,
      sent.map(() => ({ type: "delivered" })),
    );
    await until("all have come", () => commands.length >= sent.length);
    const byId = (a: CommandMessage, b: CommandMessage) => a.commandId.localeCompare(b.commandId);
    assert.deepEqual(commands.toSorted(byId), sent.toSorted(byId));
    await Promise.all([transport.stop?.(), source.stop()]);
  });

  it("hands over the commands of a run in the order in which they were sent", async (t) => {
    const broker = await open(t, BOUNDS);
    const transport = broker.transport();
    await transport.start?.(async () => ({ outcome: "taken" }));
    const { source, commands } = await recording(broker.source());
    for (let number = 0; number < 30; number++)
      await transport.send([commandTo(number % 3, number)], IGNORED);
    await until("all have come", () => commands.length >= 30);
    for (const run of [0, 1, 2]) {
      const numbers = commands
        .filter(({ runId }) => runId === commandTo(run, 0).runId)
        .map(({ data }) => (data as { number: number }).number);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
    await Promise.all([transport.stop?.(), source.stop()]);
  });

  it("settles nothing as delivered that is sent after it was aborted", async (t) => {
    const broker = await open(t, BOUNDS);
    const transport = broker.transport();
    await transport.start?.(async () => ({ outcome: "taken" }));
    const settled = await transport.send([commandTo(1, 1)], AbortSignal.abort()).catch(() => []);
    assert.ok(settled.every(({ type }) => type === "failed"));
    await transport.stop?.();
  });

  it("brings a command again that was not acknowledged, to whoever reads there next", async (t) => {
    const broker = await open(t, BOUNDS);
    const first = broker.source();
    let handedOver = 0;
    const abort = new AbortController();
    await first.start(() => {
      handedOver++;
      return new Promise((_, reject) =>
        abort.signal.addEventListener("abort", () => reject(new Error("gone"))),
      );
    });
    await broker.injectCommand(receivedCommand(commandTo(1, 1)));
    await until("it is handed over", () => handedOver === 1);
    const stopped = first.stop(abort.signal);
    abort.abort();
    await stopped;
    const { source, commands } = await recording(broker.source());
    await until("it comes again", () => commands.length > 0);
    assert.deepEqual(commands[0], commandTo(1, 1));
    await source.stop();
  });

  it("stops a source after what was handed over is carried out and its reply published, and hands over no more", async (t) => {
    const broker = await open(t, BOUNDS);
    const replies: string[] = [];
    const transport = broker.transport();
    await transport.start?.(async (reply) => {
      replies.push(nameOf(reply));
      return { outcome: "taken" };
    });
    const source = broker.source();
    const carriedOut = Promise.withResolvers<void>();
    const seen: string[] = [];
    await source.start(async (delivery) => {
      const command = commandOf(delivery);
      seen.push(command.commandId);
      await carriedOut.promise;
      return replyTo(command);
    });
    await broker.injectCommand(receivedCommand(commandTo(1, 1)));
    await until("it is handed over", () => seen.length === 1);
    let isStopped = false;
    const stopped = source.stop().then(() => (isStopped = true));
    await broker.injectCommand(receivedCommand(commandTo(2, 2)));
    assert.equal(isStopped, false);
    carriedOut.resolve();
    await stopped;
    await until("its reply has come", () => replies.length === 1);
    assert.deepEqual([seen, replies], [[commandTo(1, 1).commandId], [commandTo(1, 1).commandId]]);
    const { source: next, commands } = await recording(broker.source());
    await until("the other comes to the next one", () => commands.length > 0);
    assert.deepEqual(commands, [commandTo(2, 2)]);
    await Promise.all([transport.stop?.(), next.stop()]);
  });

  it("keeps dead commands as they came, with their reason, and goes on with those behind them", async (t) => {
    const broker = await open(t, BOUNDS);
    const source = broker.source();
    let good = 0;
    await source.start(async (delivery) => {
      const decoded = decodeCommand(delivery);
      if ("fault" in decoded) return { type: "dead", reason: decoded.fault, error: decoded.message };
      good++;
      return NONE;
    });
    for (const [, message] of UNREADABLE_COMMANDS) await broker.injectCommand(message);
    await broker.injectCommand(receivedCommand(commandTo(1, 9)));
    await until("the good one has passed", () => good === 1);
    await until("the others are buried", async () => {
      return (await broker.deadCommands()).length >= UNREADABLE_COMMANDS.length;
    });
    const dead = await broker.deadCommands();
    assert.deepEqual(
      dead.map(({ reason, body }) => `${reason} ${Buffer.from(body).toString()}`).toSorted(),
      UNREADABLE_COMMANDS.map(([reason, { body }]) => `${reason} ${Buffer.from(body).toString()}`).toSorted(),
    );
    await source.stop();
  });
}

async function recording(
  source: CommandSource,
): Promise<{ readonly source: CommandSource; readonly commands: readonly CommandMessage[] }> {
  const commands: CommandMessage[] = [];
  await source.start(async (delivery) => {
    commands.push(commandOf(delivery));
    return NONE;
  });
  return { source, commands };
}

function commandOf(delivery: CommandDelivery): CommandMessage {
  const decoded = decodeCommand(delivery);
  if ("fault" in decoded) throw new assert.AssertionError({ message: decoded.message });
  return decoded.command;
}

function replyTo({ runId, commandId, attempt }: CommandMessage): CommandOutcome {
  const event = { type: "Echoed", data: {} };
  return { type: "reply", message: encodeReply({ kind: "answer", runId, commandId, attempt, event }) };
}
