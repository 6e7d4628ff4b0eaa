/** Shapes of what operators ask for and are told. */
import { Type } from "typebox";
import type { TProperties } from "typebox";
import { JOB_RUN_IDS_MAX, RUNS_PER_SECOND_MAX, RUNS_PER_SECOND_MIN } from "../../../client/job-plan.ts";
import type { Operation } from "../../../core/inputs.ts";
import { FATES_MAX } from "../../../core/ports.ts";
import type { Paused } from "../../../core/ports.ts";
import { ASKED_FIELDS } from "./asked.ts";
import { Nullable, PAGE_FIELDS, PARK_REASONS, RunId, Text, Time, pageOf } from "./schemas.ts";

/** Longest stack that is shown. */
export const STACK_CHARS_MAX = 16_384;

const OPERATION_TYPES = [
  "cancel",
  "retry",
  "redrive",
  "skip",
  "force",
  "migrate",
] as const satisfies readonly Operation["type"][];

const Compensate = Type.Boolean({
  description: "Whether the run's steps are taken back first; true when it is left out.",
});
const TargetState = Text("The state to go to.", "payment-pending");
const NewData = Type.Record(Type.String(), Type.Unknown(), {
  description: "The run's data from now on, whole.",
});
const ToVersion = Type.Integer({
  minimum: 1,
  maximum: 2_147_483_647,
  description: "The version to go to.",
  examples: [2],
});

const strict = { additionalProperties: false } as const;
const withAsked = <Fields extends TProperties>(fields: Fields, description: string) =>
  Type.Object({ ...fields, ...ASKED_FIELDS }, { ...strict, description });

export const CancelBody = withAsked({ compensate: Type.Optional(Compensate) }, "How to cancel.");
export const PlainBody = withAsked({}, "Who and why.");
export const ForceBody = withAsked({ state: TargetState, data: Type.Optional(NewData) }, "Where to go.");
export const MigrateBody = withAsked({ toVersion: ToVersion }, "Where to go.");

export const OperationBody = Type.Object(
  {
    type: Type.Enum([...OPERATION_TYPES], { description: "What to do to each run." }),
    compensate: Type.Optional(Compensate),
    state: Type.Optional(TargetState),
    data: Type.Optional(NewData),
    toVersion: Type.Optional(ToVersion),
  },
  {
    ...strict,
    description: "`compensate` goes with cancel, `state` and `data` with force, `toVersion` with migrate.",
  },
);

export const RunFilterBody = Type.Object(
  {
    flow: Type.Optional(Text("Runs of this flow.", "purchase")),
    flowVersion: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: "Runs pinned to this version." }),
    ),
    state: Type.Optional(Text("Runs in this state.", "payment-pending")),
    businessState: Type.Optional(Text("Runs in this business state.", "open")),
    key: Type.Optional(Text("The run with this key; one of each flow.", "order-4711")),
    parked: Type.Optional(Type.Boolean({ description: "Runs that are parked, or those that are not." })),
    parkReason: Type.Optional(Type.Enum([...PARK_REASONS], { description: "Runs parked for this reason." })),
    stuckForMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 315_360_000_000,
        description: "Runs that have been in their state for so long.",
      }),
    ),
    updatedSince: Type.Optional(Time("Runs that changed at this time or later.")),
    runIds: Type.Optional(
      Type.Array(Type.String({ maxLength: 100 }), {
        maxItems: JOB_RUN_IDS_MAX,
        description: "These runs; goes with no other filter.",
      }),
    ),
  },
  {
    ...strict,
    description: "Which runs, of those that have not ended. All filters hold together; at least one.",
  },
);

const PACE_FIELDS = {
  dryRun: Type.Optional(
    Type.Boolean({ description: "Nothing is changed; the counts say what would be.", default: false }),
  ),
  runsPerSecond: Type.Optional(
    Type.Number({
      minimum: RUNS_PER_SECOND_MIN,
      maximum: RUNS_PER_SECOND_MAX,
      description: "Most runs in one second; as fast as it goes without it.",
    }),
  ),
};

export const JobBody = withAsked(
  { operation: OperationBody, filter: RunFilterBody, ...PACE_FIELDS },
  "What to do to which runs.",
);

export const PreviewBody = Type.Object(
  { operation: OperationBody, filter: RunFilterBody, ...PAGE_FIELDS },
  { ...strict, description: "What would be done to which runs." },
);

export const StopBody = PlainBody;

const JOB_STATES = ["running", "stopping", "stopped", "done"] as const;

export const JobListQuery = Type.Object(
  {
    state: Type.Optional(Type.Enum([...JOB_STATES], { description: "Jobs in this state." })),
    ...PAGE_FIELDS,
  },
  strict,
);

export const JobParams = Type.Object({ id: Type.String({ description: "Id of a job." }) });

const LETTER_FILTERS = {
  flow: Type.Optional(Text("Of runs of this flow.", "purchase")),
  state: Type.Optional(Text("Of runs that were parked in this state.", "payment-pending")),
  parkReason: Type.Optional(
    Type.Enum([...PARK_REASONS], { description: "Those that parked a run for this reason." }),
  ),
};

const UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const RunOfLetters = Type.String({ pattern: UUID_PATTERN, description: "Of this run." });

export const DeadLetterListQuery = Type.Object(
  { runId: Type.Optional(RunOfLetters), ...LETTER_FILTERS, ...PAGE_FIELDS },
  strict,
);

export const RedriveBody = withAsked(
  {
    filter: Type.Object(
      { runId: Type.Optional(RunOfLetters), ...LETTER_FILTERS },
      { ...strict, description: "Which dead letters, as in their list; at least one field." },
    ),
    ...PACE_FIELDS,
  },
  "Which dead letters to take in again.",
);

const PausedFields = {
  flow: Text("Name of a flow.", "purchase"),
  state: Type.Optional(Text("Only runs in this state.", "payment-pending")),
  command: Type.Optional(Text("Only commands of this type.", "ChargeCard")),
};
export const PauseBody = withAsked(
  PausedFields,
  "A whole flow, one of its states, or one of its command types.",
);

/** Everything that is kept about what operators did. */
const ACTION_KINDS = [
  ...["run", "runs"].flatMap((what) => OPERATION_TYPES.map((type) => `${what}.${type}`)),
  ...(["flow", "state", "command"] satisfies Paused["scope"][]).flatMap((scope) => [
    `${scope}.pause`,
    `${scope}.resume`,
  ]),
  "job.stop",
  "key.create",
  "key.rotate",
  "key.revoke",
  "queue.redrive",
  "queue.discard",
];
const ACTION_GROUPS = [...new Set(ACTION_KINDS.map((kind) => kind.replace(/\..*/, "")))];

export const AuditQuery = Type.Object(
  {
    kind: Type.Optional(
      Type.Enum([...ACTION_GROUPS, ...ACTION_KINDS], {
        description: "A kind, or what stands before its dot.",
        examples: ["runs.cancel", "flow"],
      }),
    ),
    ...PAGE_FIELDS,
  },
  strict,
);

export const StreamHeaders = Type.Object({
  "last-event-id": Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2_147_483_647,
      description: "The last entry that was received: what comes after it follows.",
      examples: [4],
    }),
  ),
});

// ---------------------------------------------------------------- answers

export const Operated = Type.Object(
  {
    actionId: Type.String({
      description: "The entry of the audit; also the id of the operation in the run's history.",
    }),
    version: Type.Union([Type.Integer(), Type.Null()], {
      description: "The history entry it made; null while it waits to be done.",
    }),
    isRepeat: Type.Boolean({ description: "Whether it was done before, under the same `Idempotency-Key`." }),
  },
  { $id: "Operated", description: "What became of an operation." },
);

const Counts = {
  seen: Type.Integer({ description: "Runs that were looked at." }),
  applied: Type.Integer({ description: "Runs it was done to; of a dry run, would be." }),
  refused: Type.Record(Type.String(), Type.Integer(), {
    description: "Runs that were left as they are, by the code of the reason.",
  }),
};

export const JobResult = Type.Object(
  {
    runId: Type.String(),
    from: Type.String({ description: "The state it was in; empty for a run that does not exist." }),
    to: Nullable("The state it would be in; null when it is left, or was not looked at afterwards."),
    code: Nullable("Why it is left; null when it is not."),
    message: Nullable("The same in words."),
  },
  { $id: "JobResult", description: "What an operation does, or would do, to one run." },
);

/** Absent where nothing refuses. */
const REFUSAL_FIELDS = {
  refusal: Type.Optional(
    Type.Object(
      { code: Type.String({ examples: ["FLOW_MIGRATION_REFUSED"] }), message: Type.String() },
      { description: "Why the job itself would be refused as a whole, before anything is done." },
    ),
  ),
};

const RESULTS_TEXT = "A page of runs with what would happen to each.";
export const PreviewPage = Type.Object(
  { ...pageOf("JobResult", RESULTS_TEXT).properties, ...REFUSAL_FIELDS },
  { description: RESULTS_TEXT },
);

export const Job = Type.Object(
  {
    jobId: Type.String(),
    operation: Type.Unknown(),
    filter: Type.Unknown(),
    dryRun: Type.Boolean(),
    runsPerSecond: Type.Union([Type.Number(), Type.Null()]),
    state: Type.Enum([...JOB_STATES]),
    ...Counts,
    examples: Type.Array(Type.Unsafe<unknown>({ $ref: "JobResult#" }), {
      description: "Some of the runs for each reason and, of a dry run, for each change.",
    }),
    fates: Type.Optional(
      Type.Array(
        Type.Object({
          from: Type.String({ description: "The state that the runs are in." }),
          to: Nullable("The state they would be in; null when they would be left."),
          code: Nullable("Why they would be left."),
          runs: Type.Integer(),
        }),
        {
          description: `Of a dry run: how many runs would become what; at most ${FATES_MAX} of them are told apart.`,
        },
      ),
    ),
    ...REFUSAL_FIELDS,
    by: Type.String(),
    reason: Nullable("Why."),
    askedAt: Time("When it was asked for."),
    endedAt: Type.Union([Time("When it ended."), Type.Null()]),
  },
  { $id: "Job", description: "An operation on many runs, carried out by the engine." },
);

const LETTER_FIELDS = {
  runId: RunId,
  version: Type.Integer({
    description: "The history entry at which it became one; the order within a run.",
  }),
  flow: Nullable("The run's flow."),
  key: Nullable("The run's key."),
  state: Type.String({ description: "The state the run is parked in." }),
  place: Type.Enum(["head", "behind"], {
    description: "`head`: it parked the run. `behind`: it waits until the head is settled.",
  }),
  reason: Nullable("Why it parked the run; null behind."),
  input: Type.Object(
    {
      kind: Type.Enum(["event", "answer", "failure", "child-ended", "delivery", "timer"]),
      type: Type.Optional(Type.String({ description: "Type of the event." })),
      eventId: Type.Optional(Type.String()),
      command: Type.Optional(Type.String({ description: "Type of the command it is about." })),
      commandId: Type.Optional(Type.String()),
      commandData: Type.Optional(
        Type.Unknown({ description: "What that command carried, while the run still waits for it." }),
      ),
      attempt: Type.Optional(Type.Integer()),
      data: Type.Optional(Type.Unknown()),
    },
    { description: "What could not be taken in." },
  ),
  error: Type.Union(
    [Type.Object({ code: Type.String(), kind: Type.String(), message: Type.String() }), Type.Null()],
    { description: "What went wrong; null behind." },
  ),
  at: Time("When it became one."),
};

export const DeadLetter = Type.Object(LETTER_FIELDS, {
  $id: "DeadLetter",
  description: "An input that parked its run, or waits behind one that did.",
});

export const DeadLetterWithStack = Type.Object(
  {
    ...LETTER_FIELDS,
    stack: Nullable(
      `Where in the code it went wrong, cut after ${STACK_CHARS_MAX} characters; null where nobody knows.`,
    ),
  },
  { $id: "DeadLetterWithStack", description: "A dead letter for who has to mend what parked its run." },
);

/** `<run>:<version>`, as lists name a dead letter. What is none is no letter's, and missing. */
export const DeadLetterParams = Type.Object({
  id: Type.String({ description: "A dead letter: its run and its version, with a colon between." }),
});

export const Pause = Type.Object(
  {
    flow: Type.String(),
    state: Nullable("The state whose runs stand still; null for others."),
    command: Nullable("The command type that is kept back; null for others."),
    by: Type.String(),
    reason: Nullable("Why."),
    at: Time("Since when."),
  },
  { $id: "Pause", description: "Something that stands still until it is resumed." },
);

export const Resumed = Type.Object(
  { wasPaused: Type.Boolean({ description: "False when there was nothing to resume." }) },
  { $id: "Resumed" },
);

export const AuditEntry = Type.Object(
  {
    actionId: Type.String(),
    kind: Type.String({ examples: ["run.cancel", "runs.migrate", "flow.pause"] }),
    by: Type.String({ description: "Who asked." }),
    reason: Nullable("Why."),
    subject: Type.Record(Type.String(), Type.Unknown(), { description: "What it was about." }),
    state: Type.Enum([...JOB_STATES]),
    runs: Type.Union([Type.Object(Counts), Type.Null()], {
      description: "How many runs; null for what is about none.",
    }),
    askedAt: Time("When it was asked for."),
    endedAt: Type.Union([Time("When it ended."), Type.Null()]),
  },
  { $id: "AuditEntry", description: "Who did what, why, to how many, and when." },
);

/** Every shape of these that stands under `components` of the API's description. */
export const OPERATION_SCHEMAS = [
  Operated,
  JobResult,
  Job,
  DeadLetter,
  DeadLetterWithStack,
  Pause,
  Resumed,
  AuditEntry,
];
