/** Shapes of the API, version 1: what is checked on the way in and what is documented on the way out. */
import { Type } from "typebox";
import { KEY_CHARS_MAX } from "../../../client/client.ts";
import type { ParkReason } from "../../../core/run.ts";

/** Most items of one page, and how many there are when nobody says. */
export const LIMIT_MAX = 200;
export const LIMIT_DEFAULT = 50;

/** Names and keys: short, and without control characters, which no database column takes gladly. */
export const Text = (description: string, example: string) =>
  Type.String({
    description,
    minLength: 1,
    maxLength: KEY_CHARS_MAX,
    pattern: "^[^\\u0000-\\u001f\\u007f]*$",
    examples: [example],
  });
export const Nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
export const Time = (description: string) =>
  Type.String({ format: "date-time", description, examples: ["2026-07-01T12:00:00.000Z"] });
export const RunId = Type.String({
  description: "A UUID.",
  examples: ["01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57"],
});

export const RunParams = Type.Object({ id: RunId });
export const FlowParams = Type.Object({
  flow: Type.String({ description: "Name of a flow.", examples: ["purchase"] }),
});

export const PAGE_FIELDS = {
  cursor: Type.Optional(
    Type.String({ maxLength: 500, description: "Opens the next page: unchanged from the page before." }),
  ),
  limit: Type.Integer({
    minimum: 1,
    maximum: LIMIT_MAX,
    default: LIMIT_DEFAULT,
    description: "Most items of the page.",
  }),
};
export const PageQuery = Type.Object(PAGE_FIELDS, { additionalProperties: false });

/** Why a run may be parked. */
export const PARK_REASONS = Object.keys({
  "rule-failed": true,
  "command-gave-up": true,
  "command-refused": true,
  "answer-not-taken": true,
  "undo-failed": true,
  "data-too-large": true,
} satisfies Record<ParkReason, true>) as ParkReason[];

export const HistoryQuery = Type.Object(
  {
    afterVersion: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_147_483_647,
        description: "The entries behind this version.",
        examples: [40],
      }),
    ),
    ...PAGE_FIELDS,
  },
  { additionalProperties: false },
);

export const RunListQuery = Type.Object(
  {
    flow: Type.Optional(Text("Name of a flow.", "purchase")),
    flowVersion: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: "Runs pinned to this version." }),
    ),
    state: Type.Optional(Text("Runs in this state.", "payment-pending")),
    businessState: Type.Optional(Text("Runs in this business state.", "open")),
    key: Type.Optional(Text("The run with this key; one of each flow.", "order-4711")),
    outcome: Type.Optional(Text("Runs that ended so.", "closed")),
    parked: Type.Optional(
      Type.Boolean({ description: "Runs that wait for an operator, or those that do not." }),
    ),
    parkReason: Type.Optional(Type.Enum([...PARK_REASONS], { description: "Runs parked for this reason." })),
    stuckForMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 315_360_000_000,
        description:
          "Runs that are not final and have been in their state for at least so many milliseconds.",
      }),
    ),
    updatedSince: Type.Optional(Time("Runs that changed at this time or later.")),
    ...PAGE_FIELDS,
  },
  { additionalProperties: false },
);

export const StartHeaders = Type.Object({
  "idempotency-key": Type.Optional(
    Text(
      "A repeat with the same key and an equal body starts nothing and is answered with the same run; with other data it is refused (422). " +
        "It belongs to the flow and to the body's `key`: under another `key`, or without one, it is another start. Where the body has a " +
        "`key`, that alone names the run, and another idempotency key is a conflict (409).",
      "cart-0815",
    ),
  ),
  prefer: Type.Optional(
    Type.String({
      maxLength: 1_000,
      description:
        "RFC 7240. `wait=N`: answer with the final run if it ends within N seconds. `respond-async`: answer 202 at once.",
      examples: ["wait=10"],
    }),
  ),
});

export const StartBody = Type.Object(
  {
    key: Type.Optional(Text("The caller's name for the run, unique within its flow.", "order-4711")),
    data: Type.Record(Type.String(), Type.Unknown(), {
      description: "The run's data, of the shape that the flow declares.",
      examples: [{ seat: "A12", amountMinor: 4_500, currency: "EUR" }],
    }),
  },
  { additionalProperties: false, description: "What a run starts with." },
);

export const ReadHeaders = Type.Object({
  "if-none-match": Type.Optional(
    Type.String({ description: "The `ETag` of the run as the caller has it.", examples: ['"4"'] }),
  ),
});

export const EventHeaders = Type.Object({
  "idempotency-key": Type.Optional(
    Text("The id of the event, for callers that keep it out of the body.", "cb-99"),
  ),
});

export const EventBody = Type.Object(
  {
    id: Type.Optional(
      Text("A repeat with the same id changes nothing and is answered as the first time.", "cb-99"),
    ),
    type: Type.String({
      maxLength: KEY_CHARS_MAX,
      description: "An event that the flow declares.",
      examples: ["PaymentConfirmed"],
    }),
    data: Type.Optional(
      Type.Unknown({
        description: "What it carries, of the shape that the flow declares; `{}` when it is left out.",
        examples: [{}],
      }),
    ),
    commandId: Type.Optional(
      Text(
        "The command that it answers, for a participant that answers later. It counts for that command alone: when nobody waits for that any " +
          "more it is recorded as unexpected (409). Without it an event may answer any command that waits for such, the oldest first.",
        "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57:3:0",
      ),
    ),
  },
  { additionalProperties: false, description: "Something that happened." },
);

const VERSION_FIELD = {
  version: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2_147_483_647,
      description: "A version of the flow, served or not any more; without it the newest that is served.",
      examples: [1],
    }),
  ),
};
export const FlowQuery = Type.Object(VERSION_FIELD, { additionalProperties: false });

export const DiagramQuery = Type.Object(
  {
    ...VERSION_FIELD,
    format: Type.Enum(["mermaid", "svg"], {
      default: "mermaid",
      description: "Text for mermaid, or a picture.",
    }),
  },
  { additionalProperties: false },
);

// ---------------------------------------------------------------- answers

export const Entry = Type.Object(
  { links: Type.Array(Type.Object({ href: Type.String(), title: Type.String() })) },
  { description: "Where to go on." },
);

export const StartedRun = Type.Object(
  {
    runId: RunId,
    flow: Type.String(),
    key: Nullable("The caller's name for the run."),
  },
  { $id: "StartedRun", description: "Which run was started; `Location` says where to read it." },
);

const RUN_ROW_FIELDS = {
  runId: RunId,
  flow: Type.String({ examples: ["purchase"] }),
  flowVersion: Type.Integer({ description: "The version the run is pinned to." }),
  key: Nullable("The caller's name for the run."),
  lane: Type.Integer({ description: "The unit of order and ownership it lives in." }),
  version: Type.Integer({ description: "How many history entries it has." }),
  state: Type.String({ examples: ["payment-pending"] }),
  businessState: Nullable("The state's name for people outside."),
  outcome: Nullable("How it ended; null while it has not."),
  parked: Nullable("Why it waits for an operator; null while it does not."),
  createdAt: Time("When it was started."),
  enteredAt: Time("When it entered its state."),
  updatedAt: Time("When its last history entry was made."),
};

export const RunRow = Type.Object(RUN_ROW_FIELDS, {
  $id: "RunRow",
  description: "A run as lists show it, a moment behind the run itself.",
});

const UndoableStep = Type.Object({
  state: Type.String(),
  command: Type.String({ description: "Type of the command that did it, or of the event that told so." }),
  commandId: Type.String({ description: "Its id, by which the undo names it in `undoes`." }),
  undo: Type.String({ description: "Type of the command that takes it back." }),
});

/** What stands still; left out where nothing does. */
const pausesField = (description: string) => ({
  pauses: Type.Optional(Type.Array(Type.Unsafe<object>({ $ref: "Pause#" }), { description })),
});

/** What only some runs have. */
const RUN_FAMILY_FIELDS = {
  steps: Type.Optional(
    Type.Array(UndoableStep, { description: "What was done and can be taken back, oldest first." }),
  ),
  compensation: Type.Optional(
    Type.Object(
      {
        target: Type.String({ description: "Where it goes when all is taken back." }),
        steps: Type.Array(UndoableStep, { description: "What is left to take back; the last is under way." }),
      },
      { description: "Its steps are being taken back." },
    ),
  ),
  parent: Type.Optional(
    Type.Object(
      { runId: RunId, commandId: Type.String() },
      { description: "The run that started it, and by which of its commands." },
    ),
  ),
};

export const Run = Type.Object(
  {
    ...RUN_ROW_FIELDS,
    data: Type.Record(Type.String(), Type.Unknown()),
    commands: Type.Array(
      Type.Object({
        commandId: Type.String(),
        type: Type.String(),
        channel: Type.String(),
        data: Type.Unknown({ description: "What it carries." }),
        attempt: Type.Integer(),
        phase: Type.Enum(["sending", "waiting", "delivered"]),
        purpose: Type.Enum(["do", "poll", "undo"]),
        undoes: Type.Optional(
          Type.String({
            description:
              "The step that it takes back: the id of a command or, where an event told what was done, `<run>:<version>:<type of the event>`.",
          }),
        ),
        childRunId: Type.Optional(Type.String({ description: "The run that it has started." })),
      }),
      { description: "What it has asked and is not answered yet." },
    ),
    timers: Type.Array(Type.Object({ kind: Type.String(), dueAt: Time("When it fires.") }), {
      description: "What will happen by itself.",
    }),
    ...RUN_FAMILY_FIELDS,
    ...pausesField("What holds it back, because an operator said so."),
  },
  { $id: "Run", description: "One execution of a flow." },
);

export const HistoryEntry = Type.Object(
  {
    version: Type.Integer({ description: "Counts from 1, without a gap." }),
    at: Time("When it was committed."),
    kind: Type.String({ examples: ["event"] }),
    state: Type.String({ description: "The state after it." }),
    type: Type.Optional(Type.String({ description: "Type of the event, timer or command." })),
    eventId: Type.Optional(Type.String()),
    data: Type.Optional(Type.Unknown()),
    commands: Type.Optional(Type.Array(Type.Object({ commandId: Type.String(), type: Type.String() }))),
    commandId: Type.Optional(Type.String()),
    attempt: Type.Optional(Type.Integer()),
    nextAt: Type.Optional(Time("When the next attempt or query is due.")),
    error: Type.Optional(Type.Object({ code: Type.String(), kind: Type.String(), message: Type.String() })),
    childRunId: Type.Optional(Type.String({ description: "The run that was started." })),
    letter: Type.Optional(
      Type.Integer({ description: "The dead letter that was taken in again, by its version." }),
    ),
    by: Type.Optional(Type.String({ description: "Who operated." })),
    reason: Type.Optional(Type.String({ description: "Why." })),
  },
  { $id: "HistoryEntry", description: "One version of a run and what made it." },
);

export const SentEvent = Type.Object(
  {
    eventId: Type.String({ description: "The event's id; made here when the caller gave none." }),
    outcome: Type.Enum(["applied", "queued", "parked", "accepted"], {
      description:
        "`applied`; `queued` and `parked`: kept until an operator looks at the run; `accepted`: kept until the lane's owner is back.",
    }),
    version: Type.Union([Type.Integer(), Type.Null()], {
      description: "The history entry it made; null while it is only accepted.",
    }),
  },
  { $id: "SentEvent", description: "What became of an event." },
);

const Versions = Type.Array(Type.Integer(), { description: "The versions that are served, oldest first." });

export const FlowRow = Type.Object(
  {
    name: Type.String({ examples: ["purchase"] }),
    version: Type.Integer({ description: "The newest version, which new runs take." }),
    versions: Versions,
    description: Nullable("What it is for."),
    initial: Type.String(),
    states: Type.Integer({ description: "How many states it has." }),
    runs: Type.Integer({ description: "How many runs it has, of all versions, final ones included." }),
    parked: Type.Integer({ description: "How many of them wait for an operator." }),
    ...pausesField("What of it stands still, because an operator said so."),
  },
  { $id: "FlowRow", description: "A flow as lists show it." },
);

export const Flow = Type.Object(
  {
    name: Type.String(),
    version: Type.Integer({ description: "The version that is shown." }),
    versions: Versions,
    description: Nullable("What it is for."),
    definition: Type.Unknown({
      description: 'The definition as JSON; a function is `{ "$function": its source }`.',
    }),
    counts: Type.Array(
      Type.Object({
        flowVersion: Type.Integer(),
        state: Type.String(),
        runs: Type.Integer(),
        parked: Type.Integer(),
      }),
      { description: "Runs per version and state." },
    ),
    ...pausesField("What of it stands still, because an operator said so."),
  },
  { $id: "Flow", description: "A flow with its definition and live counts." },
);

export const Lane = Type.Object(
  {
    laneId: Type.Integer(),
    ownerId: Nullable("The engine that may write it now."),
    ownerAddress: Nullable("Where that engine is reached."),
    epoch: Type.Integer({ description: "Grows with each change of owner." }),
    leaseMs: Type.Number({ description: "Milliseconds until the lease ends; negative when it has." }),
    batchNumber: Type.Integer({ description: "How many batches it has committed." }),
    outboxPosition: Type.Integer({ description: "The newest command." }),
    publishedPosition: Type.Integer({ description: "Every command up to here is settled." }),
    outboxLag: Type.Integer({ description: "How far the second is behind the first." }),
    projectedAt: Time("Up to when lists of runs are complete."),
  },
  { $id: "Lane", description: "The unit of order, ownership and batch." },
);

/** A page of a list, in order of a key that never changes. */
export const pageOf = (itemId: string, description: string) =>
  Type.Object(
    {
      items: Type.Array(ref(itemId)),
      cursor: Nullable("Opens the next page; null on the last. Also in `Link`, rel=next."),
      unreadable: Type.Optional(
        Type.Array(Type.Object({ id: Type.String(), fault: Type.String() }), {
          description:
            "Stored rows of this page that somebody has changed into what nobody can read: which, and what is wrong. Absent where all is well.",
        }),
      ),
    },
    { description },
  );

/** A shape by its name; TypeBox need not know it, since it is only shown. */
export const ref = (id: string, description?: string) =>
  Type.Unsafe<unknown>({ $ref: `${id}#`, ...(description === undefined ? {} : { description }) });

/** Every shape that stands under `components` of the API's description. */
export const SHARED_SCHEMAS = [StartedRun, RunRow, Run, HistoryEntry, SentEvent, FlowRow, Flow, Lane];
