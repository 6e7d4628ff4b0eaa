/**
 * The file format of a flow as a JSON Schema (draft 2020-12), for editors and for `loadFlowFile`. It says what shape a file has; what the
 * names in it mean to one another is checked by `checkFlow`. docs/reference/flow.schema.json is this object, and a test holds both equal.
 *
 * Alternatives are told apart by their type (`if`, then one branch) and not by `anyOf`, so that a mistake is answered by one fault and not
 * by one for each branch it did not take.
 */
import { DEFAULT_RETRY } from "../core/backoff.ts";
import { NAMES_MAX } from "../core/check-flow.ts";
import { NAME_PATTERN } from "../core/check-names.ts";
import { ATTEMPTS_MAX } from "../core/check-timers.ts";
import { FAN_OUT_MAX } from "../core/flow.ts";
import type { JsonSchema } from "../core/flow.ts";

/** The largest number that the column of the database holds. */
const VERSION_MAX = 2_147_483_647;

const ref = (name: string) => ({ $ref: `#/$defs/${name}` });
const described = (description: string, schema: object) => ({ description, ...schema });
const record = (values: object) => ({
  type: "object",
  maxProperties: NAMES_MAX,
  propertyNames: ref("name"),
  additionalProperties: values,
});
const list = (items: object) => ({ type: "array", items, uniqueItems: true });
const object = (required: readonly string[], properties: Readonly<Record<string, object>>) => ({
  type: "object",
  required,
  properties,
  additionalProperties: false,
});
const when = (type: string, then: object, otherwise: object) => ({ if: { type }, then, else: otherwise });
const ifHas = (field: string, then: object, otherwise: object) => ({
  if: { type: "object", required: [field] },
  then,
  else: otherwise,
});

export const FLOW_SCHEMA: JsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "urn:sluice:flow",
  title: "Sluice flow",
  ...described(
    "A durable business flow: its states, what moves a run from one to the next, and what each of them asks of others.",
    object(["name", "version", "events", "initial", "states"], {
      $schema: described("Where an editor finds this schema.", { type: "string" }),
      name: described("Name of the flow. It stands in URLs and in the history of runs.", ref("name")),
      version: described("A whole number from 1. Runs stay with the version they began with.", {
        type: "integer",
        minimum: 1,
        maximum: VERSION_MAX,
      }),
      description: { type: "string" },
      data: described("Shape of the run's data, an object. It holds after each update.", ref("schema")),
      events: described(
        "Everything that can happen to a run, with the shape of what it carries.",
        record(ref("schema")),
      ),
      channels: described(
        "Channels that the deployment must bind. Absent: those the commands name.",
        list(ref("name")),
      ),
      commands: described("What a run may ask of participants.", record(ref("command"))),
      businessStates: described(
        "The business states there are. Absent: whatever the states name.",
        list({ type: "string", minLength: 1 }),
      ),
      initial: described("The state a run begins in.", { type: "string" }),
      deadline: described("A limit on the whole run, counted from its start.", ref("timer")),
      schedule: ref("schedule"),
      migrations: described("How runs of older versions come to this one.", {
        type: "array",
        items: ref("migration"),
      }),
      states: described("The states, by name.", { ...record(ref("state")), minProperties: 1 }),
    }),
  ),
  $defs: {
    name: { type: "string", pattern: NAME_PATTERN },
    duration: described("A number and its unit: 500ms, 30s, 15m, 24h or 7d.", {
      type: "string",
      pattern: "^\\d+(\\.\\d+)?(ms|s|m|h|d)$",
    }),
    schema: described("A JSON Schema, draft 2020-12.", { type: "object" }),
    command: described("A command of a participant, which has a channel, or one that starts a child flow.", {
      ...object([], {
        channel: described(
          "Who carries it out: a channel that the deployment binds to a participant.",
          ref("name"),
        ),
        flow: described(
          "Name of the flow that a child run is started of. Its newest version is taken.",
          ref("name"),
        ),
        outcomes: described(
          "Child flow: the event that each outcome of the child answers with. It carries the child's data.",
          { type: "object", minProperties: 1, additionalProperties: { type: "string" } },
        ),
        whenLeft: described(
          "Child flow: what becomes of a child whose parent no longer waits for it. Default: cancel.",
          { enum: ["cancel", "keep"] },
        ),
        data: described("Shape of what the command carries.", ref("schema")),
        answers: described(
          "Events that answer it. A participant may return no other.",
          list({ type: "string" }),
        ),
      }),
      ...ifHas("flow", { required: ["outcomes"] }, { required: ["channel"] }),
    }),
    state: object([], {
      description: { type: "string" },
      businessState: described("The name of this state for people outside: many states may share one.", {
        type: "string",
        minLength: 1,
      }),
      send: described("Commands sent on entry, by type.", {
        type: "object",
        additionalProperties: ref("projections"),
      }),
      undo: described("How the commands of this state are taken back, by their type.", {
        type: "object",
        additionalProperties: ref("undo"),
      }),
      join: ref("join"),
      on: described(
        "Event to target. `commandFailed` comes when a command of this state has failed for good.",
        {
          type: "object",
          additionalProperties: ref("transitions"),
        },
      ),
      after: described(
        "Timers set at each entry, a self-transition included.",
        when("array", { items: ref("timer") }, ref("timer")),
      ),
      deadline: described(
        "A limit on the whole visit: a self-transition does not push it away.",
        ref("timer"),
      ),
      poll: ref("poll"),
      retry: ref("retry"),
      final: described("Ends the run with this outcome.", { type: "string", minLength: 1 }),
    }),
    projection: described(
      "What of the data the command carries: all of it (`data`), or the fields of `pick`.",
      when("object", object(["pick"], { pick: list({ type: "string" }) }), { const: "data" }),
    ),
    projections: described(
      "As a projection, or one command for each element of a list.",
      ifHas("each", ref("each"), ref("projection")),
    ),
    each: described(
      `One command for each element of a list, at most ${FAN_OUT_MAX} in all.`,
      object(["each"], {
        each: described("The list, by JSON Pointer into the data.", { type: "string" }),
        as: described("The field that carries the element. Absent: the element is all that is carried.", {
          type: "string",
        }),
        pick: described("Fields of the data beside it.", list({ type: "string" })),
      }),
    ),
    undo: described(
      "How a command is taken back.",
      object(["send"], {
        send: ref("undoSend"),
        unless: described(
          "Events by which the run learns that there is nothing to take back.",
          list({ type: "string" }),
        ),
        retry: ref("retry"),
      }),
    ),
    eventUndo: described(
      "How that is taken back of which an event tells that it was done.",
      object(["send"], { send: ref("undoSend"), retry: ref("retry") }),
    ),
    undoSend: described("The one command that takes it back.", {
      type: "object",
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: ref("undoProjection"),
    }),
    undoProjection: described(
      "What the undo carries: the data (`data`), what the command or the event carried that is taken back (`command`), or the fields of `pick`.",
      when("object", object(["pick"], { pick: list({ type: "string" }) }), { enum: ["data", "command"] }),
    ),
    join: described(
      "What becomes of a state that sends several commands. An answer counts when its transition has no target.",
      object(["wait", "then"], {
        wait: described("`all`: when each command is answered. `any`: at the first answer.", {
          enum: ["all", "any"],
        }),
        then: described(
          "Where the run goes then. Each has a target, and the event is empty.",
          ref("transitions"),
        ),
        losers: described(
          "With `any`: whether commands that are still under way are given up, or taken back by their `undo`. Default: withdraw.",
          { enum: ["withdraw", "undo"] },
        ),
      }),
    ),
    transitions: described(
      "A target alone, one transition, or several of which the first with a true guard is taken.",
      when(
        "array",
        { items: ref("transition"), minItems: 1 },
        when("string", { minLength: 1 }, ref("transition")),
      ),
    ),
    transition: object([], {
      target: described("Absent: the run stays where it is; nothing is sent again and timers go on.", {
        type: "string",
      }),
      guard: described(
        "A JSON Schema that `{ data, event }` must satisfy.",
        object(["schema"], { schema: ref("schema") }),
      ),
      update: described(
        "`merge` lays the event's fields over the data; `set` sets single values.",
        when("object", object(["set"], { set: { type: "object", additionalProperties: ref("setValue") } }), {
          const: "merge",
        }),
      ),
      compensate: described(
        "Takes back the completed steps first, newest first, and enters the target when that is done.",
        { const: true },
      ),
      undo: ref("eventUndo"),
    }),
    setValue: described("Either a JSON Pointer into `/data` or `/event`, or a constant.", {
      ...object([], { from: { type: "string" }, value: {} }),
      minProperties: 1,
      maxProperties: 1,
    }),
    timer: described("At its due time the run goes to `target`, or meets `event` with an empty payload.", {
      ...object(["delay"], {
        delay: ref("duration"),
        target: { type: "string" },
        event: { type: "string" },
        compensate: described("Takes back the completed steps before the target is entered.", {
          const: true,
        }),
      }),
      minProperties: 2,
      not: { required: ["target", "event"] },
      dependentRequired: { compensate: ["target"] },
    }),
    poll: described(
      "Asks a participant on a schedule while the run stays in the state; any answering event that the state takes ends it.",
      object(["send", "every"], {
        send: described("The one query command.", {
          type: "object",
          minProperties: 1,
          maxProperties: 1,
          additionalProperties: ref("projection"),
        }),
        first: described("Wait before the first query. Default: `every`.", ref("duration")),
        every: ref("duration"),
        factor: described("Growth of the wait from query to query. Default: 1.", {
          type: "number",
          minimum: 1,
        }),
        max: described("The longest wait between two queries. Default: no bound.", ref("duration")),
        giveUp: described("When to stop asking, counted from the entry into the state.", ref("timer")),
      }),
    ),
    retry: described(
      "How the state's commands are tried again.",
      object([], {
        attempts: described(`Attempts in all, the first included. Default: ${DEFAULT_RETRY.attemptsMax}.`, {
          type: "integer",
          minimum: 1,
          maximum: ATTEMPTS_MAX,
        }),
        first: described(
          `Wait after the first attempt. Default: ${DEFAULT_RETRY.firstMs}ms.`,
          ref("duration"),
        ),
        factor: described(`Growth from wait to wait. Default: ${DEFAULT_RETRY.factor}.`, {
          type: "number",
          minimum: 1,
        }),
        max: described(`The longest wait. Default: ${DEFAULT_RETRY.waitMsMax}ms.`, ref("duration")),
        jitter: described(
          `\`full\` waits anything from nothing to the bound. Default: ${DEFAULT_RETRY.jitter}.`,
          {
            enum: ["full", "none"],
          },
        ),
        never: described("Error codes that are not tried again.", list({ type: "string" })),
      }),
    ),
    schedule: described(
      "Starts runs by the clock.",
      object(["cron"], {
        cron: described(
          "Minute, hour, day of month, month, day of week; with seconds before them if there are six fields.",
          { type: "string" },
        ),
        timeZone: described("An IANA time zone. Default: UTC.", { type: "string" }),
        catchUp: described(
          "What becomes of times that passed while no engine ran: they are skipped, the last is made up for, or all are. Default: last.",
          { enum: ["none", "last", "all"] },
        ),
        dueField: described("Field of the data that takes the due time, as ISO 8601.", { type: "string" }),
        data: described("Data of the run. Default: none.", { type: "object" }),
      }),
    ),
    migration: described(
      "How runs of an older version become runs of this one.",
      object(["from"], {
        from: described("The older version.", { type: "integer", minimum: 1 }),
        states: described("States that are called otherwise here, by their old names.", {
          type: "object",
          additionalProperties: when(
            "object",
            object(["target"], {
              target: { type: "string" },
              enter: described("Begins the new state afresh. Default: false.", { type: "boolean" }),
            }),
            { type: "string" },
          ),
        }),
        data: described(
          "From the old data to the new: single values by JSON Pointer. Absent: the data stays.",
          object(["set"], { set: { type: "object", additionalProperties: ref("setValue") } }),
        ),
      }),
    ),
  },
};
