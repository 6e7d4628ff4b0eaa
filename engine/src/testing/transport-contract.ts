/**
 * The promises of the Transport port towards the relay. Every transport passes this suite, so the runtime and its simulation may trust
 * any of them. A transport is opened per test, together with a participant at its other end.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import type { ErrorKind } from "@sluice/contracts/problem";
import type { Settlement } from "../core/inputs.ts";
import { engineError } from "../core/errors.ts";
import type { EngineErrorCode } from "../core/errors.ts";
import type { Transport } from "../core/ports.ts";

/** What stands at the other end: it answers with an event, with null for "later", or throws. */
export type TestParticipant = (command: CommandMessage, signal: AbortSignal) => Promise<EventMessage | null>;

export interface TransportBounds {
  /** How long one attempt may take. */
  readonly attemptMs: number;
  readonly sendsMax: number;
}

/** Opens a transport that delivers to `participant`, and registers its cleaning with the test. */
export type OpenTransport = (
  t: TestContext,
  participant: TestParticipant,
  bounds: TransportBounds,
) => Promise<Transport>;

/** Long enough for any answer of these tests on a busy machine. */
const PATIENT: TransportBounds = { attemptMs: 10_000, sendsMax: 4 };
/** How late a bounded send may settle: the bound itself, and what a busy machine adds. */
const LATE_MS_MAX = 5_000;
const IGNORED = new AbortController().signal;

/** Declares the suite for one adapter. */
export function transportContract(name: string, open: OpenTransport): void {
  describe(`${name} keeps the transport's contract`, () => {
    deliveryPromises(open);
    failurePromises(open);
    boundPromises(open);
  });
}

function deliveryPromises(open: OpenTransport): void {
  it("settles every command of a full send, in order", async (t) => {
    const transport = await open(t, async (command) => echo(command), PATIENT);
    const commands = makeCommands(Math.min(transport.commandsPerSendMax, 500));
    assert.deepEqual(await transport.send(commands, IGNORED), commands.map(answered));
  });

  it("gives each of many sends the answers to its own commands", async (t) => {
    const transport = await open(t, async (command) => echo(command), PATIENT);
    const commands = makeCommands(40);
    const settlements: (Settlement | undefined)[] = [];
    for (let at = 0; at < commands.length; at += transport.sendsMax) {
      const sends = commands.slice(at, at + transport.sendsMax);
      settlements.push(...(await Promise.all(sends.map((command) => sendOne(transport, command)))));
    }
    assert.deepEqual(settlements, commands.map(answered));
  });

  it("hands over a command as it is, its id and any JSON in it", async (t) => {
    const received: CommandMessage[] = [];
    const record: TestParticipant = async (command) => {
      received.push(command);
      return echo(command);
    };
    const transport = await open(t, record, PATIENT);
    const data = {
      text: 'ä\u0000 "quoted"\n☃',
      list: [1, null, { deep: true }],
      big: 2 ** 53 - 1,
      empty: {},
    };
    const command = makeCommand(7, { data, attempt: 3 });
    assert.deepEqual(await sendOne(transport, command), answered(command));
    assert.deepEqual(received, [command]);
  });

  it("delivers a command that is sent again under the same id", async (t) => {
    const ids: string[] = [];
    const refuseFirst: TestParticipant = async (command) => {
      ids.push(command.commandId);
      if (command.attempt === 1) throw engineError("FLOW_COMMAND_UNREACHABLE", "not now");
      return echo(command);
    };
    const transport = await open(t, refuseFirst, PATIENT);
    const first = makeCommand(1);
    const again = { ...first, attempt: 2 };
    assert.equal((await sendOne(transport, first))?.type, "failed");
    assert.deepEqual(await sendOne(transport, again), answered(again));
    assert.deepEqual(ids, [first.commandId, first.commandId]);
  });

  it("keeps what it sends apart from what the engine holds", async (t) => {
    const overwrite: TestParticipant = async (command) => {
      Object.assign(command.data as object, { seat: "changed" });
      return echo(command);
    };
    const transport = await open(t, overwrite, PATIENT);
    const command = makeCommand(1, { data: { seat: "A1" } });
    await sendOne(transport, command);
    assert.deepEqual(command.data, { seat: "A1" });
  });

  it("settles a command as delivered when its answer comes later", async (t) => {
    const transport = await open(t, async () => null, PATIENT);
    assert.deepEqual(await sendOne(transport, makeCommand(1)), { type: "delivered" });
  });
}

/** What a participant may raise, and the kind that its attempt must end with, since retries depend on it. */
const FAILURES: readonly (readonly [EngineErrorCode, ErrorKind])[] = [
  ["FLOW_COMMAND_REFUSED", "invalid"],
  ["FLOW_LANE_LOST", "conflict"],
  ["FLOW_COMMAND_OVERLOADED", "overloaded"],
  ["FLOW_COMMAND_UNREACHABLE", "unavailable"],
  ["FLOW_COMMAND_TIMEOUT", "timeout"],
];

function failurePromises(open: OpenTransport): void {
  for (const [code, kind] of FAILURES) {
    it(`settles a command as failed, of kind ${kind}, when its participant says so`, async (t) => {
      const fail: TestParticipant = async () => {
        throw engineError(code, "as the test wants it");
      };
      const error = failureOf(await sendOne(await open(t, fail, PATIENT), makeCommand(1)));
      assert.equal(error.kind, kind);
      assert.match(error.message, /as the test wants it/);
    });
  }

  it("keeps how long a participant asks to be left alone", async (t) => {
    const fail: TestParticipant = async () => {
      throw engineError("FLOW_COMMAND_OVERLOADED", "too much", { retryAfterMs: 3_000 });
    };
    const error = failureOf(await sendOne(await open(t, fail, PATIENT), makeCommand(1)));
    assert.equal(error.retryAfterMs, 3_000);
  });

  it("takes an error without a code for one that may be tried again", async (t) => {
    const fail: TestParticipant = async () => {
      throw new TypeError("a mistake of the handler");
    };
    assert.equal(failureOf(await sendOne(await open(t, fail, PATIENT), makeCommand(1))).kind, "unavailable");
  });

  it("settles good commands beside one that fails", async (t) => {
    const failOdd: TestParticipant = async (command) => {
      if (numberOf(command) % 2 === 1) throw engineError("FLOW_COMMAND_REFUSED", "odd");
      return echo(command);
    };
    const transport = await open(t, failOdd, PATIENT);
    const commands = makeCommands(4);
    const settled = await Promise.all(commands.map((command) => sendOne(transport, command)));
    assert.deepEqual(
      settled.map((settlement) => settlement?.type),
      ["answered", "failed", "answered", "failed"],
    );
  });
}

function boundPromises(open: OpenTransport): void {
  it("names its bounds as whole numbers of at least 1", async (t) => {
    const { commandsPerSendMax, sendsMax } = await open(t, async () => null, PATIENT);
    for (const bound of [commandsPerSendMax, sendsMax]) assert.ok(Number.isInteger(bound) && bound >= 1);
  });

  it("carries as many sends at once as it says", async (t) => {
    const transport = await open(t, meetingOf(PATIENT.sendsMax), PATIENT);
    assert.equal(transport.sendsMax, PATIENT.sendsMax);
    const commands = makeCommands(transport.sendsMax);
    const settled = await Promise.all(commands.map((command) => sendOne(transport, command)));
    assert.deepEqual(settled, commands.map(answered));
  });

  it("ends an attempt whose participant hangs, and calls its outcome unknown", async (t) => {
    const transport = await open(t, hang, { attemptMs: 100, sendsMax: 1 });
    const beganMs = performance.now();
    const error = failureOf(await sendOne(transport, makeCommand(1)));
    assert.deepEqual([error.code, error.kind], ["FLOW_COMMAND_TIMEOUT", "timeout"]);
    assert.ok(performance.now() - beganMs < 100 + LATE_MS_MAX);
  });

  it("settles what is under way when it is aborted, and calls its outcome unknown", async (t) => {
    const arrived = Promise.withResolvers<void>();
    const arriveAndHang: TestParticipant = (command, signal) => {
      arrived.resolve();
      return hang(command, signal);
    };
    const transport = await open(t, arriveAndHang, PATIENT);
    const abort = new AbortController();
    const sent = transport.send([makeCommand(1)], abort.signal);
    await arrived.promise;
    abort.abort();
    const [settlement] = await sent;
    assert.equal(failureOf(settlement).kind, "timeout");
  });

  it("settles even what is sent after it is aborted", async (t) => {
    const transport = await open(t, async (command) => echo(command), PATIENT);
    const [settlement] = await transport.send([makeCommand(1)], AbortSignal.abort());
    assert.equal(settlement?.type, "failed");
  });
}

// ---------------------------------------------------------------- participants and commands

function makeCommands(count: number): CommandMessage[] {
  return Array.from({ length: count }, (_, number) => makeCommand(number));
}

function makeCommand(number: number, changes: Partial<CommandMessage> = {}): CommandMessage {
  const runId = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";
  return {
    commandId: `${runId}:1:${number}`,
    type: "Echo",
    runId,
    flow: "contract",
    flowVersion: 1,
    attempt: 1,
    data: { number },
    ...changes,
  };
}

function echo(command: CommandMessage): EventMessage {
  return {
    type: "Echoed",
    data: { commandId: command.commandId, attempt: command.attempt, data: command.data },
  };
}

function answered(command: CommandMessage): Settlement {
  return { type: "answered", event: echo(command) };
}

function numberOf(command: CommandMessage): number {
  return Number(command.commandId.split(":").at(-1));
}

/** A participant that answers nobody before `count` are there. */
function meetingOf(count: number): TestParticipant {
  const complete = Promise.withResolvers<void>();
  let present = 0;
  return async (command) => {
    if (++present === count) complete.resolve();
    await complete.promise;
    return echo(command);
  };
}

/** Never answers, but ends with its test. */
const hang: TestParticipant = (_command, signal) =>
  new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );

async function sendOne(transport: Transport, command: CommandMessage): Promise<Settlement | undefined> {
  return (await transport.send([command], IGNORED))[0];
}

function failureOf(settlement: Settlement | undefined) {
  if (settlement?.type === "failed") return settlement.error;
  throw new assert.AssertionError({
    message: `expected a failed settlement, found ${settlement?.type ?? "none"}`,
  });
}
