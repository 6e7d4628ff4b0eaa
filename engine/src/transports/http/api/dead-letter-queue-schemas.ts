/** Shapes of the queues in which a broker keeps what could not be taken in. */
import { Type } from "typebox";
import { DEAD_MESSAGE_CATEGORIES } from "../../../core/dead-letter-queue.ts";
import { ASKED_FIELDS } from "./asked.ts";
import { LIMIT_DEFAULT, LIMIT_MAX, Nullable, Text, ref } from "./schemas.ts";

const strict = { additionalProperties: false } as const;

export const QueueParams = Type.Object({
  name: Type.String({
    description: "Name of a dead-letter queue, as in their list.",
    examples: ["mail.dead-letters"],
  }),
});

const FILTER_FIELDS = {
  category: Type.Optional(
    Type.Enum([...DEAD_MESSAGE_CATEGORIES], { description: "Messages that died for a reason of this kind." }),
  ),
  reason: Type.Optional(Text("Messages that died for this reason.", "not-json")),
  runId: Type.Optional(Text("Messages of this run.", "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57")),
};

const Limit = (what: string) =>
  Type.Integer({
    minimum: 1,
    maximum: LIMIT_MAX,
    default: LIMIT_DEFAULT,
    description: `Most messages that are ${what}, the oldest first.`,
  });

export const DeadMessageQuery = Type.Object({ ...FILTER_FIELDS, limit: Limit("shown") }, strict);

export const SettleBody = Type.Object(
  {
    filter: Type.Object(
      {
        ids: Type.Optional(
          Type.Array(Text("Id of a message.", "0-17"), { minItems: 1, maxItems: LIMIT_MAX }),
        ),
        ...FILTER_FIELDS,
        all: Type.Optional(Type.Literal(true, { description: "Whatever is in the queue." })),
      },
      { ...strict, minProperties: 1, description: "Which messages: those that fit all that is given." },
    ),
    limit: Type.Optional(Limit("settled at once")),
    dryRun: Type.Optional(Type.Boolean({ description: "Only says which they would be.", default: false })),
    ...ASKED_FIELDS,
  },
  { ...strict, description: "Which messages, why, and for whom." },
);

export const DeadLetterQueue = Type.Object(
  {
    name: Type.String({ examples: ["mail.dead-letters"] }),
    broker: Type.String({ examples: ["RabbitMQ at amqp://127.0.0.1:5672"] }),
    messages: Type.Union([Type.Integer(), Type.Null()], {
      description: "How many are in it; null while that is not known.",
    }),
    away: Nullable("Why that is not known, and what to do; null where it is."),
  },
  { $id: "DeadLetterQueue", description: "Where a broker keeps what could not be taken in." },
);

export const DeadMessage = Type.Object(
  {
    id: Type.String({ description: "Names it within its queue." }),
    category: Type.Enum([...DEAD_MESSAGE_CATEGORIES]),
    reason: Type.String({
      description: "A fault of reading, a code of the engine, or a service's own.",
      examples: ["not-json"],
    }),
    error: Nullable("The same in words."),
    origin: Nullable("The queue or topic it was read from, and goes back to; null when it cannot go back."),
    diedAt: Nullable("When, in ISO 8601, as whoever put it there wrote it."),
    runId: Nullable("The run that it is about."),
    commandId: Nullable("The command that it is, or is about."),
    type: Nullable("Type of the command, or of the event."),
    headers: Type.Record(Type.String(), Type.String()),
    body: Type.String({ description: "The first 16 KiB of it, as UTF-8." }),
    bodyBytes: Type.Integer(),
  },
  { $id: "DeadMessage", description: "A message of a broker that could not be taken in." },
);

export const DeadMessages = Type.Object(
  {
    items: Type.Array(ref("DeadMessage")),
    total: Type.Integer({ description: "Messages in the queue, that fit or not." }),
    counts: Type.Array(
      Type.Object({
        category: Type.Enum([...DEAD_MESSAGE_CATEGORIES]),
        reason: Type.String(),
        count: Type.Integer(),
      }),
      { description: "Of those that fit, by reason." },
    ),
    isWhole: Type.Boolean({ description: "Whether all were looked at: a look is bounded." }),
  },
  { $id: "DeadMessages", description: "Messages of a dead-letter queue, the oldest first." },
);

export const SettledMessages = Type.Object(
  {
    matched: Type.Integer({ description: "Messages that fit the filter, before." }),
    done: Type.Array(Type.String(), { description: "Ids of those it was done to; of a dry run, would be." }),
    failed: Type.Array(Type.Object({ id: Type.String(), error: Type.String() }), {
      description: "Those it could not be done to, and why. They are still there.",
    }),
  },
  { $id: "SettledMessages", description: "What became of messages of a dead-letter queue." },
);

export const DEAD_LETTER_QUEUE_SCHEMAS = [DeadLetterQueue, DeadMessage, DeadMessages, SettledMessages];
