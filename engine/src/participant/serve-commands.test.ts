import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeReply, encodeCommand } from "@sluice/contracts/broker-message";
import type { EncodeOptions } from "@sluice/contracts/broker-message";
import type { CommandMessage, EventMessage, ReplyMessage } from "@sluice/contracts/envelope";
import { engineError } from "../core/errors.ts";
import type { MeterPort } from "../core/ports.ts";
import type { CommandOutcome, CommandSource, TakeDelivery } from "./command-source.ts";
import { memoryInbox } from "./inbox.ts";
import { serveCommands } from "./serve-commands.ts";
import type { ServeOptions } from "./serve-options.ts";
import type { AnyTypes } from "./participant-types.ts";

const RUN_ID = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";
const PACKED: EventMessage = { type: "Packed", data: { box: 1 } };

function command(number = 0, runId = RUN_ID): CommandMessage {
  const commandId = `${runId}:${number}:0`;
  return { commandId, type: "Pack", runId, flow: "parcel", flowVersion: 1, attempt: 1, data: { number } };
}

/** A source that is driven by hand. */
class HandSource implements CommandSource {
  readonly name = "post";
  readonly #underWay = new Set<Promise<unknown>>();
  #take: TakeDelivery = () => assert.fail("the source was not started");
  isStopped = false;

  async start(take: TakeDelivery): Promise<void> {
    this.#take = take;
  }

  async stop(signal?: AbortSignal): Promise<void> {
    this.isStopped = true;
    const aborted = new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
    await Promise.race([Promise.allSettled(this.#underWay), aborted]);
  }

  health(): true | string {
    return this.isStopped ? "it is stopped" : true;
  }

  deliverText(body: string): Promise<CommandOutcome> {
    return this.#hand({ key: RUN_ID, headers: {}, body: new TextEncoder().encode(body) });
  }

  deliver(message: CommandMessage, options: EncodeOptions = {}): Promise<CommandOutcome> {
    const { key, headers, body } = encodeCommand(message, options);
    return this.#hand({ key, headers, body: new TextEncoder().encode(body) });
  }

  #hand(message: Omit<Parameters<TakeDelivery>[0], "isRedelivered">): Promise<CommandOutcome> {
    const taken = this.#take({ ...message, isRedelivered: false });
    this.#underWay.add(taken);
    taken.catch(() => {});
    return taken;
  }
}

type Pack = (message: CommandMessage, signal: AbortSignal) => Promise<EventMessage | null>;

async function serve(pack: Pack, options: Partial<ServeOptions<AnyTypes, undefined>> = {}) {
  const source = new HandSource();
  const server = await serveCommands({
    source,
    inbox: memoryInbox(),
    handlers: { Pack: pack },
    retry: { firstMs: 1, waitMsMax: 2 },
    ...options,
  });
  return { source, server };
}

function replyOf(outcome: CommandOutcome): ReplyMessage {
  assert.equal(outcome.type, "reply");
  const { message } = outcome as Extract<CommandOutcome, { type: "reply" }>;
  const decoded = decodeReply({ ...message, body: new TextEncoder().encode(message.body) });
  return "reply" in decoded ? decoded.reply : assert.fail(decoded.message);
}

test("a handler's event is published as the answer to its command, in the envelope in which that came", async () => {
  const { source } = await serve(async () => PACKED);
  for (const envelope of ["plain", "cloudevents"] as const) {
    const outcome = await source.deliver(command(), { envelope });
    const { runId, commandId } = command();
    assert.deepEqual(replyOf(outcome), { kind: "answer", runId, commandId, attempt: 1, event: PACKED });
    const { headers } = (outcome as Extract<CommandOutcome, { type: "reply" }>).message;
    assert.equal(headers["content-type"]?.includes("cloudevents"), envelope === "cloudevents");
  }
});

test("a command whose answer comes later is acknowledged without a word", async () => {
  const { source } = await serve(async () => null);
  assert.deepEqual(await source.deliver(command()), { type: "none" });
});

test("what a query of a poll has found is told as an event, known by the query's id", async () => {
  const { source } = await serve(async () => PACKED);
  const { runId, commandId } = command();
  const event = { id: `${commandId}:Packed`, ...PACKED };
  assert.deepEqual(replyOf(await source.deliver({ ...command(), isQuery: true })), {
    kind: "event",
    runId,
    event,
  });
});

test("an attempt that fails is repeated in the service, and the engine hears only of the last", async () => {
  let attempts = 0;
  const { source } = await serve(async () => {
    if (++attempts < 3) throw engineError("FLOW_COMMAND_UNREACHABLE", "not yet");
    return PACKED;
  });
  assert.equal(replyOf(await source.deliver(command())).kind, "answer");
  assert.equal(attempts, 3);
});

test("a failure is told with its code and kind: after the last attempt, or at once where another is in vain", async () => {
  const failures = [
    ["FLOW_COMMAND_UNREACHABLE", "unavailable", 3],
    ["FLOW_COMMAND_TIMEOUT", "timeout", 3],
    ["FLOW_COMMAND_REFUSED", "invalid", 1],
    ["FLOW_COMMAND_UNDONE", "conflict", 1],
    // It asks to be left alone for longer than anybody waits here.
    ["FLOW_COMMAND_OVERLOADED", "overloaded", 1],
  ] as const;
  for (const [code, kind, count] of failures) {
    let attempts = 0;
    const { source } = await serve(async () => {
      attempts++;
      throw engineError(code, "as the test wants it", kind === "overloaded" ? { retryAfterMs: 60_000 } : {});
    });
    const reply = replyOf(await source.deliver({ ...command(), attempt: 2 }));
    assert.equal(reply.kind, "failure");
    assert.deepEqual(reply.kind === "failure" && [reply.attempt, reply.error.code, reply.error.kind], [
      2,
      code,
      kind,
    ]);
    assert.equal(attempts, count);
  }
});

test("an error without a code, a wrong answer and a command without a handler fail the attempt, and say no more than they must", async () => {
  const { source } = await serve(async ({ data }) => {
    if ((data as { number: number }).number === 1) throw new TypeError("secret of the handler");
    return { type: "Packed", data: Number.NaN };
  });
  const errorOf = async (message: CommandMessage) => {
    const reply = replyOf(await source.deliver(message));
    return reply.kind === "failure" ? reply.error : assert.fail(reply.kind);
  };
  const thrown = await errorOf(command(1));
  assert.deepEqual([thrown.code, thrown.kind], ["FLOW_HANDLER_FAILED", "unavailable"]);
  assert.doesNotMatch(thrown.message, /secret/);
  assert.equal((await errorOf(command(2))).code, "FLOW_BAD_ANSWER");
  assert.equal((await errorOf({ ...command(3), type: "Sing" })).code, "FLOW_COMMAND_REFUSED");
});

test("what is no command goes to the dead letters with its reason", async () => {
  const { source } = await serve(async () => PACKED, { bodyBytesMax: 1_000 });
  const reasons = [
    ["not-json", "{"],
    ["bad-shape", "{}"],
    ["too-large", `"${"x".repeat(1_000)}"`],
  ] as const;
  for (const [reason, body] of reasons) {
    const outcome = await source.deliverText(body);
    assert.deepEqual([outcome.type, outcome.type === "dead" && outcome.reason], ["dead", reason]);
  }
});

test("commands of a run are carried out in order and those of others beside them, as many as the bound allows", async () => {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const { source } = await serve(
    ({ commandId }) => {
      begun.push(commandId);
      return new Promise((resolve) => ends.set(commandId, () => resolve(PACKED)));
    },
    { concurrencyMax: 2 },
  );
  const others = ["1", "2"].map((digit) => `${digit}${RUN_ID.slice(1)}`);
  const messages = [command(1), command(2), ...others.map((runId) => command(1, runId))];
  const outcomes = messages.map((message) => source.deliver(message));
  const ids = messages.map(({ commandId }) => commandId);
  await untilBegun(begun, 2);
  assert.deepEqual(begun, [ids[0], ids[2]]);
  ends.get(ids[0] ?? "")?.();
  await untilBegun(begun, 3);
  assert.deepEqual(begun.slice(2), [ids[3]]);
  ends.get(ids[2] ?? "")?.();
  await untilBegun(begun, 4);
  assert.deepEqual(begun.slice(3), [ids[1]]);
  for (const end of ends.values()) end();
  assert.equal((await Promise.all(outcomes)).length, 4);
});

test("a service that stops ends what is under way, and leaves what waits to come again", async () => {
  const finish = Promise.withResolvers<EventMessage>();
  const begun: string[] = [];
  const { source, server } = await serve(({ commandId }) => {
    begun.push(commandId);
    return finish.promise;
  });
  const first = source.deliver(command(1));
  const behind = source.deliver(command(2));
  await untilBegun(begun, 1);
  assert.equal(server.health(), true);
  const stopped = server.stop();
  assert.match(String(server.health()), /stopping/);
  finish.resolve(PACKED);
  await stopped;
  assert.equal(replyOf(await first).kind, "answer");
  await assert.rejects(behind, { code: "FLOW_STOPPING" });
  await assert.rejects(source.deliver(command(3)), { code: "FLOW_STOPPING" });
  assert.equal(begun.length, 1);
});

test("a service stops within its bound though a handler hangs, and says nothing about that command", async () => {
  const begun: string[] = [];
  let isTold = false;
  const { source, server } = await serve(
    ({ commandId }, signal) => {
      begun.push(commandId);
      signal.addEventListener("abort", () => (isTold = true));
      return new Promise(() => {});
    },
    { stopMs: 20, handleMs: 60_000 },
  );
  const hanging = source.deliver(command());
  await untilBegun(begun, 1);
  await server.stop();
  await assert.rejects(hanging, { code: "FLOW_STOPPING" });
  assert.equal(isTold, true);
});

test("a service that stops does not wait for an attempt to be repeated", async () => {
  const begun: string[] = [];
  const { source, server } = await serve(
    async ({ commandId }) => {
      begun.push(commandId);
      throw engineError("FLOW_COMMAND_UNREACHABLE", "away", { retryAfterMs: 30_000 });
    },
    { retry: { waitMsMax: 60_000 } },
  );
  const waiting = source.deliver(command());
  await untilBegun(begun, 1);
  await server.stop();
  await assert.rejects(waiting, { code: "FLOW_STOPPING" });
});

test("a service counts what it does, by types that it knows", async () => {
  const counts = new Map<string, number>();
  const count = (name: string, labels: Readonly<Record<string, string>>, by: number) => {
    const series = [name, ...Object.values(labels)].join(" ");
    counts.set(series, (counts.get(series) ?? 0) + by);
  };
  const gauges: number[] = [];
  const meter: MeterPort = {
    counter: (name) => ({ inc: (labels, by = 1) => count(name, labels, by) }),
    gauge: () => ({ set: (_labels, value) => void gauges.push(value) }),
    histogram: (name) => ({ observe: (labels) => count(name, labels, 1) }),
  };
  let attempts = 0;
  const { source } = await serve(
    async () => {
      if (++attempts === 1) throw engineError("FLOW_COMMAND_UNREACHABLE", "once");
      return PACKED;
    },
    { meter },
  );
  await source.deliver(command());
  await source.deliver({ ...command(1), type: "Sing" });
  await source.deliverText("{");
  assert.deepEqual(Object.fromEntries(counts), {
    "sluice_served_retries_total post Pack": 1,
    "sluice_served_commands_total post Pack answered": 1,
    "sluice_served_command_seconds post Pack": 1,
    "sluice_served_commands_total post unknown failed": 1,
    "sluice_served_command_seconds post unknown": 1,
    "sluice_served_dead_total post not-json": 1,
  });
  assert.deepEqual(gauges, [0, 1, 0, 1, 0]);
});

test("options that a service cannot take are named", async () => {
  const wrong = [
    [{ concurrencyMax: 0 }, /post: concurrencyMax is 0, expected a whole number from 1/],
    [{ stopMs: 1.5 }, /stopMs is 1.5/],
    [{ retry: { attemptsMax: 0 } }, /retry.attemptsMax is 0/],
    [{ retry: { factor: 0.5 } }, /retry.factor is 0.5, expected at least 1/],
  ] as const;
  for (const [options, message] of wrong)
    await assert.rejects(
      serve(async () => PACKED, options),
      { code: "FLOW_BAD_OPTION", message },
    );
});

async function untilBegun(begun: readonly string[], count: number): Promise<void> {
  const untilMs = performance.now() + 5_000;
  while (begun.length < count) {
    assert.ok(performance.now() < untilMs, `${begun.length} have begun, expected ${count}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("an inbox that keeps answers for some time forgets round after round, until the service stops", async () => {
  const rounds: number[] = [];
  const counted: number[] = [];
  let heard = Promise.withResolvers<void>();
  const inbox = {
    ...memoryInbox(),
    async prune(rowsMax: number) {
      rounds.push(rowsMax);
      heard.resolve();
      heard = Promise.withResolvers<void>();
      if (rounds.length === 1) throw new Error("the database is away");
      return 7;
    },
  };
  const counter = (name: string) => ({
    inc: (_labels: object, by = 1) => void (name === "sluice_served_pruned_total" && counted.push(by)),
  });
  const silent = { set() {}, observe() {} };
  const meter: MeterPort = { counter, gauge: () => silent, histogram: () => silent };
  const { server } = await serve(async () => PACKED, { inbox, pruneEveryMs: 1, meter });
  while (rounds.length < 3) await heard.promise;
  await server.stop();
  assert.ok(rounds.every((rowsMax) => rowsMax === 100_000));
  assert.ok(counted.length >= 1 && counted.every((answers) => answers === 7));
});
