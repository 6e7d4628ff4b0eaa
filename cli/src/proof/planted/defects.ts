import type { Defect } from "./defect.ts";

/** The few purchases that are played on any machine: what breaks every one of them. */
const PURCHASES = ["--acts", "connection-loss", "--seed", "1", "--seconds", "10"];

/** A run waits for ever for what a participant has said or should have said. */
const LOST_ANSWER = /not at rest .* answers of participants/;

/** An engine goes on whose lease has ended, and is asked to write to lanes that others own. */
const TWO_OWNERS = counted("heartbeat held up");
/** The engine dies at each call that its batch loop waits for, until something is found; the seed decides their order. */
const EVERY_CALL = counted("engine killed at a call");

/** Faults by their count, so that a slow machine has them too; the time is only a bound for what hangs. */
function counted(kind: string): readonly string[] {
  return ["--kinds", kind, "--faults", "1", "--seed", "3", "--seconds", "600"];
}

/** The same around a broker. What is lost there is known when nothing has moved for two minutes. */
function around(broker: "kafka" | "rabbitmq", kind: string, faults: number): readonly string[] {
  const bounds = ["--faults", String(faults), "--seed", "3", "--seconds", "900"];
  return ["--acts", `distributed-${broker}`, "--kinds", kind, ...bounds];
}

/** Each breaks what one promise rests on, as somebody might who mends something else. */
export const DEFECTS: readonly Defect[] = [
  {
    name: "inbox",
    summary: "a participant's inbox takes each command for a new one",
    edits: [
      {
        file: "engine/src/stores/postgres-inbox/claim-answer.ts",
        found: "return rows.length === 1;",
        planted: "return rows.length <= 1;",
      },
    ],
    promise: "I2",
    words: /took effect \d+ times/,
    args: EVERY_CALL,
    isLong: false,
  },
  {
    name: "seen-events",
    summary: "a run does not look whether it has seen an event",
    edits: [
      {
        file: "engine/src/core/rules/events.ts",
        found: "const before = known.seen.get(input.id);",
        planted: "const before = known.seen.get(`another ${input.id}`);",
      },
    ],
    promise: "I6",
    words: /event .* was taken in again/,
    args: PURCHASES,
    isLong: false,
  },
  {
    name: "publish-before-commit",
    summary: "commands leave before the batch that issued them is committed",
    edits: [
      {
        file: "engine/src/runtime/writer.ts",
        found: "      else await batch.commit(plan.writes);\n",
        planted:
          "      else {\n        this.#ports.relay(this.#traced(plan, 0));\n        await batch.commit(plan.writes);\n      }\n",
      },
      {
        file: "engine/src/runtime/writer.ts",
        found: "    this.#ports.relay(this.#traced(plan, tookMs));\n    for (const run of writes.runs)",
        planted: "    for (const run of writes.runs)",
      },
      // Before the commit memory knows nothing of the command.
      {
        file: "engine/src/runtime/writer.ts",
        found: "return run === undefined || isSending(run, due.command.id, due.command.attempt);",
        planted: "return run === undefined || !isSending(run, due.command.id, -1);",
      },
    ],
    promise: "I2",
    words: /took effect before the batch that issued it was committed/,
    args: PURCHASES,
    isLong: false,
  },
  {
    name: "epoch",
    summary: "a batch is committed whatever epoch and number its lane has",
    edits: [
      {
        file: "engine/src/stores/postgres/advance-lanes.ts",
        found:
          "where lanes.lane_id = step.lane_id and lanes.epoch = step.epoch and lanes.batch_number = step.batch_number",
        planted: "where lanes.lane_id = step.lane_id",
      },
    ],
    promise: "I5",
    words: /were moved by|has moved lanes of/,
    args: TWO_OWNERS,
    isLong: false,
  },
  {
    name: "lost-outbox",
    summary: "who takes a lane over does not send what its former owner has left in the outbox",
    edits: [
      {
        file: "engine/src/runtime/ownership.ts",
        found:
          "claimed = await store.claimLanes({ engineId, laneIds: free.map(({ laneId }) => laneId), leaseMs });",
        planted:
          "const taken = await store.claimLanes({ engineId, laneIds: free.map(({ laneId }) => laneId), leaseMs });\n" +
          "      claimed = taken.map((lane) => ({ ...lane, unpublished: [] }));",
      },
    ],
    promise: "I3",
    words: /no outbox row carries it|stays in state .* for ever|is not at its end/,
    args: EVERY_CALL,
    isLong: true,
  },
  {
    name: "timer-twice",
    summary: "a timer that is due fires twice",
    edits: [
      {
        file: "engine/src/runtime/batch-work.ts",
        found: "    this.#fold(work, flow, decision, input);\n    if (decision.letters",
        planted:
          "    this.#fold(work, flow, decision, input);\n" +
          '    if (input.kind === "timer") this.#fold(work, flow, decision, input);\n' +
          "    if (decision.letters",
      },
    ],
    promise: "I1",
    words: /history has version \d+ where \d+ was expected/,
    args: PURCHASES,
    isLong: false,
  },
  {
    name: "offset-before-handled",
    summary: "a member of a Kafka group commits what it has read, whether it is done with it or not",
    edits: [
      {
        file: "engine/src/transports/kafka/partition-progress.ts",
        found: "const offset = this.#pending[0]?.offset ?? this.#readTo;",
        planted: "const offset = this.#readTo;",
      },
    ],
    promise: "I4",
    words: LOST_ANSWER,
    args: around("kafka", "participants killed", 1),
    isLong: true,
  },
  {
    name: "auto-acknowledge",
    summary: "RabbitMQ takes every message for acknowledged that it has sent",
    edits: [
      {
        file: "engine/src/transports/rabbitmq/consumer.ts",
        found: "(await channel.consume(queue, onMessage(queue))).consumerTag",
        planted: "(await channel.consume(queue, onMessage(queue), { noAck: true })).consumerTag",
      },
      {
        file: "engine/src/transports/rabbitmq/consumer.ts",
        found: "const settle = (work: () => void): void => void (isOpen && attempt(work));",
        planted: "const settle = (work: () => void): void => void (isOpen || attempt(work));",
      },
    ],
    promise: "I4",
    words: LOST_ANSWER,
    args: around("rabbitmq", "participants killed", 1),
    isLong: true,
  },
  {
    name: "redelivered-reply",
    summary: "a command that RabbitMQ brings again is acknowledged without its reply, which was sent before",
    edits: [
      {
        file: "engine/src/transports/rabbitmq/rabbitmq-commands.ts",
        found: "return this.#reply(delivery, received, outcome.message);",
        planted:
          "return received.isRedelivered\n          ? delivery.acknowledge()\n          : this.#reply(delivery, received, outcome.message);",
      },
    ],
    promise: "I4",
    words: LOST_ANSWER,
    args: around("rabbitmq", "participants killed", 1),
    isLong: true,
  },
];
