import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkFlow } from "./check-flow.ts";
import { faultsOf, linesOf, put } from "./fixtures/plant.ts";
import type { Loose, Planted } from "./fixtures/plant.ts";

/** A sound flow of steps that are taken back, joins, lists of commands, child flows, a schedule and migrations. */
function soundFlow(): Loose {
  return structuredClone({
    name: "trip",
    version: 3,
    data: {
      type: "object",
      required: ["tripId"],
      properties: {
        tripId: { type: "string" },
        startedAt: { type: "string" },
        guests: {
          type: "array",
          items: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
        },
        hotel: { type: "object", properties: { rooms: { type: "array" } } },
      },
    },
    events: {
      Held: { type: "object", required: ["seat"], properties: { seat: { type: "string" } } },
      Full: { type: "object" },
      Released: { type: "object" },
      Ticketed: { type: "object" },
      Torn: { type: "object" },
      Refunded: { type: "object" },
      Kept: { type: "object" },
    },
    commands: {
      HoldSeat: {
        channel: "rail",
        data: { type: "object", required: ["tripId"], properties: { tripId: {}, class: {} } },
        answers: ["Held", "Full"],
      },
      ReleaseSeat: {
        channel: "rail",
        data: { type: "object", required: ["tripId"], properties: { tripId: {}, seat: {} } },
        answers: ["Released"],
      },
      PrintTicket: {
        channel: "print",
        data: { type: "object", required: ["tripId", "guest"], properties: { tripId: {}, guest: {} } },
        answers: ["Ticketed"],
      },
      TearTicket: { channel: "print", answers: ["Torn"] },
      ReturnGift: { channel: "rail", answers: ["Released"] },
      StartRefund: {
        flow: "refund",
        outcomes: { refunded: "Refunded", "too-late": "Kept", canceled: "Kept" },
        whenLeft: "keep",
        data: { type: "object" },
      },
    },
    initial: "holding",
    deadline: { delay: "30d", target: "canceled", compensate: true },
    schedule: {
      cron: "0 3 * * *",
      timeZone: "Europe/Rome",
      catchUp: "all",
      dueField: "startedAt",
      data: { tripId: "x" },
    },
    migrations: [
      { from: 1, states: { hold: "holding", print: { target: "printing", enter: true } } },
      { from: 2, data: { set: { "/tripId": { from: "/data/id/text" }, "/guests": { value: [] } } } },
    ],
    states: {
      holding: {
        send: { HoldSeat: { pick: ["tripId"] } },
        undo: {
          HoldSeat: {
            send: { ReleaseSeat: "command" },
            unless: ["Full", "commandFailed"],
            retry: { attempts: 100, max: "10m" },
          },
        },
        on: { Held: "printing", Full: "failed", commandFailed: "failed" },
      },
      printing: {
        send: { PrintTicket: { each: "/guests", as: "guest", pick: ["tripId"] } },
        undo: { PrintTicket: { send: { TearTicket: "command" } } },
        join: { wait: "all", then: [{ guard: { schema: {} }, target: "racing" }, { target: "refunding" }] },
        on: { Ticketed: {}, commandFailed: { target: "failed", compensate: true } },
      },
      racing: {
        send: { HoldSeat: "data", PrintTicket: { each: "/guests", as: "guest", pick: ["tripId"] } },
        undo: { HoldSeat: { send: { ReleaseSeat: "data" } }, PrintTicket: { send: { StartRefund: "data" } } },
        join: { wait: "any", then: "refunding", losers: "undo" },
        on: { Held: {}, Full: "failed", Ticketed: {}, commandFailed: {} },
        after: { delay: "1d", target: "failed", compensate: true },
      },
      refunding: {
        send: { StartRefund: "data" },
        on: {
          Refunded: "done",
          Kept: {
            target: "done",
            compensate: true,
            undo: { send: { ReturnGift: "command" }, retry: { attempts: 9 } },
          },
          commandFailed: "done",
        },
      },
      canceled: { on: { Kept: "done" } },
      done: { final: "done" },
      failed: { final: "failed" },
    },
  }) as unknown as Loose;
}

const GIFT = { target: "printing", undo: { send: { ReturnGift: "command" } } };

const H = "/states/holding";
const P = "/states/printing";
const R = "/states/racing";
const K = "/states/refunding/on/Kept";

/** Each plants one fault; what is found is exactly what is told here, so that nothing is found twice. */
const PLANTED: readonly Planted[] = [
  // undo
  [
    "an unknown key of an undo",
    `${H}/undo/HoldSeat/until`,
    [],
    ["unknown-key", `${H}/undo/HoldSeat/until`, "holding"],
  ],
  [
    "an undo of a command that the state does not send",
    `${H}/undo/PrintTicket`,
    { send: { TearTicket: "command" } },
    ["unsent-undo", `${H}/undo/PrintTicket`, "holding"],
  ],
  [
    "an undo of a command that nobody declares",
    `${H}/undo/HoldSaet`,
    { send: { TearTicket: "data" } },
    ["unsent-undo", `${H}/undo/HoldSaet`, "holding"],
  ],
  [
    "an undo that sends two commands",
    `${H}/undo/HoldSeat/send/TearTicket`,
    "data",
    ["bad-undo", `${H}/undo/HoldSeat/send`, "holding"],
  ],
  [
    "an undo that sends nothing",
    `${H}/undo/HoldSeat/send`,
    {},
    ["bad-undo", `${H}/undo/HoldSeat/send`, "holding"],
  ],
  [
    "an undo by a command that nobody declares",
    `${H}/undo/HoldSeat/send`,
    { ReleaseSaet: "data" },
    ["unknown-command", `${H}/undo/HoldSeat/send/ReleaseSaet`, "holding"],
  ],
  [
    "an undo that nobody can say is done",
    "/commands/TearTicket/answers",
    [],
    ["unanswered-undo", `${P}/undo/PrintTicket/send/TearTicket`, "printing"],
    ["unused-event", "/events/Torn", null],
  ],
  [
    "an undo that carries a command without what it needs",
    "/commands/ReleaseSeat/data/required/1",
    "seat",
    ["missing-field", `${H}/undo/HoldSeat/send/ReleaseSeat`, "holding"],
    ["missing-field", `${R}/undo/HoldSeat/send/ReleaseSeat`, "racing"],
  ],
  [
    "an undo that picks a field the data has not",
    `${H}/undo/HoldSeat/send/ReleaseSeat`,
    { pick: ["tripId", "saet"] },
    ["unknown-field", `${H}/undo/HoldSeat/send/ReleaseSeat/pick/1`, "holding"],
  ],
  [
    "an event of `unless` that nobody declares",
    `${H}/undo/HoldSeat/unless/0`,
    "Ful",
    ["unknown-event", `${H}/undo/HoldSeat/unless/0`, "holding"],
  ],
  [
    "an event of `unless` that the state does not take",
    `${H}/undo/HoldSeat/unless/0`,
    "Kept",
    ["untaken-unless", `${H}/undo/HoldSeat/unless/0`, "holding"],
  ],
  [
    "a retry of an undo without attempts",
    `${H}/undo/HoldSeat/retry/attempts`,
    0,
    ["bad-retry", `${H}/undo/HoldSeat/retry/attempts`, "holding"],
  ],
  [
    "an answer with an undo of its own beside that of the command",
    `${H}/on/Held`,
    GIFT,
    ["double-undo", `${H}/on/Held/undo`, "holding"],
  ],
  [
    "an unknown key of the undo of an event",
    `${K}/undo/unless`,
    [],
    ["unknown-key", `${K}/undo/unless`, "refunding"],
  ],
  [
    "an undo of an event that sends nothing",
    `${K}/undo/send`,
    {},
    ["bad-undo", `${K}/undo/send`, "refunding"],
    ["unused-command", "/commands/ReturnGift", null],
  ],
  [
    "an undo of an event by a command that nobody declares",
    `${K}/undo/send/ReturnGitf`,
    "data",
    ["bad-undo", `${K}/undo/send`, "refunding"],
    ["unknown-command", `${K}/undo/send/ReturnGitf`, "refunding"],
  ],
  [
    "an undo of an event that nobody can say is done",
    "/commands/ReturnGift/answers",
    [],
    ["unanswered-undo", `${K}/undo/send/ReturnGift`, "refunding"],
  ],
  [
    "an undo that carries an event without what it needs",
    "/states/refunding/on/Held",
    { undo: { send: { ReleaseSeat: "command" } } },
    ["missing-field", "/states/refunding/on/Held/undo/send/ReleaseSeat", "refunding"],
  ],
  [
    "an undo of an event that picks a field the data has not",
    `${K}/undo/send/ReturnGift`,
    { pick: ["gift"] },
    ["unknown-field", `${K}/undo/send/ReturnGift/pick/0`, "refunding"],
  ],
  [
    "a retry of an event's undo without attempts",
    `${K}/undo/retry/attempts`,
    0,
    ["bad-retry", `${K}/undo/retry/attempts`, "refunding"],
  ],
  [
    "an undo in a join, where there is no event",
    `${P}/join/then/1/undo`,
    { send: { TearTicket: "data" } },
    ["unknown-key", `${P}/join/then/1/undo`, "printing"],
  ],
  ["an undo in a final state", "/states/done/undo", {}, ["final-not-empty", "/states/done/undo", "done"]],

  // compensate
  [
    "compensation without a target",
    `${P}/on/commandFailed`,
    { compensate: true },
    ["bad-compensate", `${P}/on/commandFailed`, "printing"],
  ],
  [
    "a timer that compensates and raises an event",
    `${R}/after`,
    { delay: "1d", event: "Full", compensate: true },
    ["bad-compensate", `${R}/after`, "racing"],
  ],
  [
    "compensation to a state that is none",
    `${P}/on/commandFailed/target`,
    "faild",
    ["unknown-target", `${P}/on/commandFailed/target`, "printing"],
  ],

  // join
  ["an unknown key of a join", `${P}/join/losrs`, "undo", ["unknown-key", `${P}/join/losrs`, "printing"]],
  [
    "a join in a state that sends nothing",
    "/states/canceled/join",
    { wait: "all", then: "done" },
    ["bad-join", "/states/canceled/join", "canceled"],
  ],
  [
    "a join in a final state",
    "/states/done/join",
    { wait: "all" },
    ["final-not-empty", "/states/done/join", "done"],
  ],
  ["a join that leads nowhere", `${P}/join/then/1`, {}, ["bad-join", `${P}/join/then/1`, "printing"]],
  [
    "a join to a state that is none",
    `${R}/join/then`,
    "refundin",
    ["unknown-target", `${R}/join/then`, "racing"],
  ],
  [
    "a guard on a join's last transition",
    `${P}/join/then/1/guard`,
    { schema: {} },
    ["guarded-join", `${P}/join/then/1`, "printing"],
  ],
  [
    "a join's transition behind one without a guard",
    `${P}/join/then/0/guard`,
    undefined,
    ["hidden-transition", `${P}/join/then/1`, "printing"],
  ],
  [
    "a join's update from an event that it does not know",
    `${P}/join/then/1/update`,
    { set: { "/tripId": { from: "/event/seat" } } },
    ["bad-pointer", `${P}/join/then/1/update/set/~1tripId/from`, "printing"],
  ],
  [
    "losers where all are waited for",
    `${P}/join/losers`,
    "withdraw",
    ["bad-join", `${P}/join/losers`, "printing"],
  ],
  ["losers that have no undo", `${R}/undo/HoldSeat`, undefined, ["bad-join", `${R}/join/losers`, "racing"]],
  [
    "a join that waits for an answer that leads away",
    `${P}/on/Ticketed`,
    "failed",
    ["unanswered-join", `${P}/send/PrintTicket`, "printing"],
  ],
  [
    "an answer that a join counts and the state does not take",
    `${P}/send/TearTicket`,
    "data",
    ["untaken-answer", `${P}/send/TearTicket`, "printing"],
  ],
  [
    "a join that waits for a command without answers",
    "/commands/PrintTicket/answers",
    [],
    ["unanswered-join", `${P}/send/PrintTicket`, "printing"],
  ],
  [
    "nothing wrong with a join that waits for an answer that may lead away",
    `${P}/on/Ticketed`,
    [{ guard: { schema: {} }, target: "failed" }],
  ],
  [
    "a join of any of which none counts",
    `${R}/on`,
    { Held: "refunding", Ticketed: "refunding", Full: "failed" },
    ["unanswered-join", `${R}/send/HoldSeat`, "racing"],
    ["unanswered-join", `${R}/send/PrintTicket`, "racing"],
  ],

  // each
  [
    "an unknown key of a list",
    `${P}/send/PrintTicket/at`,
    "x",
    ["unknown-key", `${P}/send/PrintTicket/at`, "printing"],
  ],
  [
    "a list that is no pointer",
    `${P}/send/PrintTicket/each`,
    "guests",
    ["bad-pointer", `${P}/send/PrintTicket/each`, "printing"],
  ],
  [
    "a list that the data has not",
    `${P}/send/PrintTicket/each`,
    "/gests",
    ["unknown-field", `${P}/send/PrintTicket/each`, "printing"],
  ],
  [
    "a list that an inner object has not",
    `${P}/send/PrintTicket/each`,
    "/hotel/floors",
    ["unknown-field", `${P}/send/PrintTicket/each`, "printing"],
  ],
  ["nothing wrong with an inner list", `${P}/send/PrintTicket/each`, "/hotel/rooms"],
  [
    "a list that is a text",
    `${P}/send/PrintTicket/each`,
    "/tripId",
    ["bad-each", `${P}/send/PrintTicket/each`, "printing"],
  ],
  [
    "an element under a name that the command does not know",
    `${P}/send/PrintTicket/as`,
    "gest",
    ["unknown-field", `${P}/send/PrintTicket/as`, "printing"],
    ["missing-field", `${P}/send/PrintTicket`, "printing"],
  ],
  [
    "an element beside which a field is left out",
    `${P}/send/PrintTicket/pick`,
    [],
    ["missing-field", `${P}/send/PrintTicket`, "printing"],
  ],
  [
    "an element that is not what the command needs",
    `${P}/send/PrintTicket`,
    { each: "/guests" },
    ["missing-field", `${P}/send/PrintTicket`, "printing"],
    ["missing-field", `${P}/send/PrintTicket`, "printing"],
  ],
  [
    "fields picked beside an element without a name",
    `${P}/send/PrintTicket`,
    { each: "/guests", pick: ["tripId"] },
    ["bad-each", `${P}/send/PrintTicket/pick`, "printing"],
  ],
  [
    "a name for elements that a function makes",
    `${P}/send/PrintTicket/each`,
    () => [],
    ["bad-each", `${P}/send/PrintTicket/as`, "printing"],
    ["bad-each", `${P}/send/PrintTicket/pick`, "printing"],
  ],
  [
    "a list of commands without a join",
    P,
    {
      send: { PrintTicket: { each: "/guests", as: "guest", pick: ["tripId"] } },
      undo: { PrintTicket: { send: { TearTicket: "command" } } },
      on: { Ticketed: "racing", commandFailed: "failed" },
    },
    ["unjoined-each", `${P}/send/PrintTicket`, "printing"],
  ],

  // child flows
  [
    "a child flow with a channel",
    "/commands/StartRefund/channel",
    "rail",
    ["bad-child", "/commands/StartRefund/channel", null],
  ],
  [
    "a child flow with answers",
    "/commands/StartRefund/answers",
    ["Kept"],
    ["bad-child", "/commands/StartRefund/answers", null],
  ],
  [
    "a child flow's outcome that answers with an event nobody declares",
    "/commands/StartRefund/outcomes/refunded",
    "Refundd",
    ["unknown-event", "/commands/StartRefund/outcomes/refunded", null],
  ],
  [
    "a child flow's data that is no object",
    "/commands/StartRefund/data/type",
    "array",
    ["bad-child", "/commands/StartRefund/data/type", null],
  ],
  [
    "a child flow's name with a space",
    "/commands/StartRefund/flow",
    "my refund",
    ["bad-name", "/commands/StartRefund/flow", null],
  ],
  [
    "a participant's command with outcomes",
    "/commands/HoldSeat/outcomes",
    { a: "Held" },
    ["bad-child", "/commands/HoldSeat/outcomes", null],
  ],
  [
    "a participant's command with a word on children",
    "/commands/HoldSeat/whenLeft",
    "keep",
    ["bad-child", "/commands/HoldSeat/whenLeft", null],
  ],

  // schedule
  ["an unknown key of a schedule", "/schedule/corn", "x", ["unknown-key", "/schedule/corn", null]],
  [
    "a due time put into a field that the data has not",
    "/schedule/dueField",
    "dueAt",
    ["unknown-field", "/schedule/dueField", null],
  ],

  // migrations
  ["an unknown key of a migration", "/migrations/0/to", 3, ["unknown-key", "/migrations/0/to", null]],
  [
    "an unknown key of a moved state",
    "/migrations/0/states/print/entr",
    true,
    ["unknown-key", "/migrations/0/states/print/entr", null],
  ],
  [
    "an unknown key of a migration's data",
    "/migrations/1/data/merge",
    1,
    ["unknown-key", "/migrations/1/data/merge", null],
  ],
  [
    "a migration from the same version",
    "/migrations/1/from",
    3,
    ["bad-migration", "/migrations/1/from", null],
  ],
  [
    "a migration from half a version",
    "/migrations/1/from",
    1.5,
    ["bad-migration", "/migrations/1/from", null],
  ],
  ["a migration from version 0", "/migrations/1/from", 0, ["bad-migration", "/migrations/1/from", null]],
  ["two migrations from one version", "/migrations/1/from", 1, ["bad-migration", "/migrations/1/from", null]],
  [
    "a migration into a state that is none",
    "/migrations/0/states/hold",
    "holdng",
    ["unknown-target", "/migrations/0/states/hold", null],
  ],
  [
    "a migration into a state that is none, in the long form",
    "/migrations/0/states/print/target",
    "compensating",
    ["unknown-target", "/migrations/0/states/print/target", null],
  ],
  [
    "a migration that sets a field that the data has not",
    "/migrations/1/data/set/~1trip",
    { value: 1 },
    ["unknown-field", "/migrations/1/data/set/~1trip", null],
  ],
  [
    "a migration that takes from an event",
    "/migrations/1/data/set/~1tripId/from",
    "/event/id",
    ["bad-pointer", "/migrations/1/data/set/~1tripId/from", null],
  ],

  // built-in states
  [
    "a state of the engine's own name",
    "/states/compensating",
    { final: "x" },
    ["bad-name", "/states/compensating", "compensating"],
    ["unreachable-state", "/states/compensating", "compensating"],
  ],
  [
    "a target that only the engine enters",
    `${P}/join/then/1/target`,
    "compensating",
    ["unknown-target", `${P}/join/then/1/target`, "printing"],
  ],
  ["a run that begins as canceled", "/initial", "canceled", ["bad-initial", "/initial", null]],
  [
    "a state for canceled runs without a way to an end",
    "/states/canceled/on/Kept",
    {},
    ["no-way-to-final", "/states/canceled", "canceled"],
  ],
  ["nothing wrong with the built-in end of canceled runs", "/states/canceled", undefined],
];

describe("checkFlow, on steps, joins, children, schedules and migrations", () => {
  it("finds nothing wrong with a sound flow of all of them", () => {
    assert.deepEqual(checkFlow(soundFlow()), []);
  });

  it("lets an event have the undo of an answer after which that of the command is not needed", () => {
    const flow = soundFlow();
    put(flow, `${H}/on/Held`, GIFT);
    put(flow, `${H}/undo/HoldSeat/unless/2`, "Held");
    assert.deepEqual(checkFlow(flow), []);
  });

  for (const [what, path, value, ...faults] of PLANTED) {
    it(`finds ${what}, and no more`, () => {
      const flow = soundFlow();
      put(flow, path, value);
      assert.deepEqual(linesOf(faultsOf(flow)), linesOf(faults));
    });
  }
});
