/**
 * What the compiler refuses in compensation, joins, lists of commands, child flows, schedules and migrations, and what it knows about them.
 * As in define-flow.types.test.ts each `@ts-expect-error` names the error it stands for, and a test holds the compiler to it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { Type } from "typebox";
import type { FlowDefinition } from "../core/flow.ts";
import { compensate, defineFlow } from "./define-flow.ts";
import type { FlowTypes } from "./define-flow.ts";
import { typeErrorsOf } from "./fixtures/type-errors.ts";

const Guest = Type.Object({ name: Type.String(), age: Type.Integer() });

const base = {
  name: "trip",
  version: 2,
  data: Type.Object({
    tripId: Type.String(),
    guests: Type.Array(Guest),
    seat: Type.Optional(Type.String()),
    bookedAt: Type.Optional(Type.String()),
  }),
  events: {
    Held: Type.Object({ seat: Type.String() }),
    Full: Type.Object({}),
    Released: Type.Object({}),
    Ticketed: Type.Object({}),
    Refunded: Type.Object({}),
    Stopped: Type.Object({}),
  },
  commands: {
    HoldSeat: {
      channel: "rail",
      data: Type.Object({ tripId: Type.String(), class: Type.Integer() }),
      answers: ["Held", "Full"],
    },
    ReleaseSeat: { channel: "rail", data: Type.Object({ tripId: Type.String() }), answers: ["Released"] },
    ReturnSeat: { channel: "rail", data: Type.Object({ seat: Type.String() }), answers: ["Released"] },
    PrintTicket: {
      channel: "print",
      data: Type.Object({ tripId: Type.String(), guest: Guest }),
      answers: ["Ticketed"],
    },
    StartRefund: {
      flow: "refund",
      outcomes: { refunded: "Refunded" },
      data: Type.Object({ tripId: Type.String() }),
    },
  },
  initial: "holding",
} as const;

const ends = { booked: { final: "booked" }, failed: { final: "failed" } } as const;

const right = defineFlow({
  ...base,
  deadline: { delay: "7d", target: "failed", compensate: true },
  schedule: { cron: "0 3 * * *", timeZone: "Europe/Rome", data: { tripId: "nightly", guests: [] } },
  migrations: [
    {
      from: 1,
      states: { hold: "holding", print: { target: "printing", enter: true } },
      data: (old: { trip: string }) => ({ tripId: old.trip, guests: [] }),
    },
    { from: 0, data: { set: { "/tripId": { from: "/data/id" }, "/guests": { value: [] } } } },
  ],
  states: {
    holding: {
      send: { HoldSeat: ({ tripId }) => ({ tripId, class: 2 }) },
      undo: {
        HoldSeat: {
          send: { ReleaseSeat: (data, carried) => ({ tripId: data.tripId + carried.class.toFixed(0) }) },
          unless: ["Full", "commandFailed"],
          retry: { attempts: 100 },
        },
      },
      on: {
        Held: { target: "printing", update: "merge" },
        Full: "failed",
        commandFailed: compensate("failed"),
      },
      after: { delay: "1d", ...compensate("failed") },
    },
    printing: {
      send: {
        PrintTicket: { each: ({ tripId, guests }) => guests.map((guest) => ({ tripId, guest })) },
        HoldSeat: ({ tripId }) => ({ tripId, class: 1 }),
      },
      undo: {
        HoldSeat: { send: { ReleaseSeat: "command" } },
        PrintTicket: { send: { ReleaseSeat: "data" } },
      },
      join: {
        wait: "any",
        then: [
          { guard: ({ data }) => data.guests.length > 9, ...compensate("failed") },
          { target: "refunding", update: ({ data }) => ({ ...data, seat: "1" }) },
        ],
        losers: "undo",
      },
      on: { Ticketed: {}, Held: {}, Full: {} },
    },
    refunding: {
      send: { StartRefund: "data", PrintTicket: { each: "/guests", as: "guest", pick: ["tripId"] } },
      join: { wait: "all", then: "booked" },
      on: {
        Refunded: { undo: { send: { ReleaseSeat: "data" }, retry: { attempts: 3 } } },
        Ticketed: {},
        Held: [
          {
            guard: ({ event }) => event.seat === "1A",
            target: "booked",
            update: "merge",
            undo: { send: { ReleaseSeat: (data, held) => ({ tripId: data.tripId + held.seat }) } },
          },
          { undo: { send: { ReturnSeat: "command" } } },
        ],
        Stopped: {
          target: "canceled",
          compensate: true,
          undo: { send: { ReleaseSeat: { pick: ["tripId"] } } },
        },
      },
    },
    ...ends,
  },
});

type Trip = FlowTypes<typeof right>;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only while each of these is exactly so. */
const facts: readonly true[] = [
  true satisfies Same<
    Trip["State"],
    "holding" | "printing" | "refunding" | "booked" | "failed" | "compensating" | "canceled"
  >,
  true satisfies Same<keyof Trip["Commands"], "HoldSeat" | "ReleaseSeat" | "ReturnSeat" | "PrintTicket">,
  true satisfies Same<keyof Trip["Answers"], "HoldSeat" | "ReleaseSeat" | "ReturnSeat" | "PrintTicket">,
  true satisfies Same<Trip["Answers"]["ReleaseSeat"], EventMessage<"Released", object>>,
  true satisfies Same<Trip["Commands"]["ReleaseSeat"], CommandMessage<"ReleaseSeat", { tripId: string }>>,
];

const hold = { HoldSeat: ({ tripId }: { tripId: string }) => ({ tripId, class: 2 }) } as const;

/** Each of these is wrong in one place. They are only compiled. */
export const wrong = [
  // ---- undo
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2353 at PrintTicket: the undo of a command that the state does not send
          undo: { PrintTicket: { send: { ReleaseSeat: "data" } } },
          on: { Held: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2353 at HoldSeat: an undo in a state that sends nothing
        holding: { undo: { HoldSeat: { send: { ReleaseSeat: "data" } } }, on: { Held: "booked" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2561 at ReleaseSaet: an undo by a command that the flow does not declare
          undo: { HoldSeat: { send: { ReleaseSaet: "data" } } },
          on: { Held: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2322 at StartRefund: an undo by two commands
          undo: { HoldSeat: { send: { ReleaseSeat: "data", StartRefund: "data" } } },
          on: { Held: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2322 at send: an undo by no command
          undo: { HoldSeat: { send: {} } },
          on: { Held: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2322 at PrintTicket: what was carried does not fit the command that takes it back
          undo: { HoldSeat: { send: { PrintTicket: "command" } } },
          on: { Held: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2339 at seat: an undo that reads what the command did not carry
          undo: { HoldSeat: { send: { ReleaseSeat: (_, carried) => ({ tripId: carried.seat }) } } },
          on: { Held: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2820 at "Ful": an event of `unless` that the flow does not declare
          undo: { HoldSeat: { send: { ReleaseSeat: "data" }, unless: ["Ful"] } },
          on: { Held: "booked" },
        },
        ...ends,
      },
    }),

  // ---- undo of an event
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2561 at ReleaseSaet: an event taken back by a command that the flow does not declare
        holding: { on: { Held: { target: "booked", undo: { send: { ReleaseSaet: "data" } } } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Held: an event that does not fit the command that takes it back
        holding: { on: { Held: { target: "booked", undo: { send: { ReleaseSeat: "command" } } } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          on: {
            Held: {
              target: "booked",
              // @ts-expect-error TS2339 at row: an undo that reads what the event did not carry
              undo: { send: { ReleaseSeat: (_, held) => ({ tripId: held.row }) } },
            },
          },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          // @ts-expect-error TS2353 at unless: an event that is unsaid by another
          on: { Held: { target: "booked", undo: { send: { ReleaseSeat: "data" }, unless: ["Full"] } } },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2322 at then: an undo in a join, where there is no event
          join: { wait: "all", then: { target: "booked", undo: { send: { ReleaseSeat: "data" } } } },
          on: { Held: {} },
        },
        ...ends,
      },
    }),

  // ---- compensate
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Full: compensation that leads nowhere
        holding: { send: hold, on: { Held: "booked", Full: { compensate: true } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Full: compensation that leads to a state that is none
        holding: { send: hold, on: { Held: "booked", Full: compensate("faild") } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          on: { Held: "booked" },
          // @ts-expect-error TS2322 at after: a timer that compensates and raises an event
          after: { delay: "1s", event: "Full", compensate: true },
        },
        ...ends,
      },
    }),

  // ---- join
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2820 at then: a join to a state that is none
        holding: { send: hold, join: { wait: "all", then: "bookd" }, on: { Held: {} } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          // @ts-expect-error TS2322 at then: a join that leads nowhere
          join: { wait: "all", then: { update: ({ data }) => data } },
          on: { Held: {} },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: hold,
          join: {
            wait: "all",
            // @ts-expect-error TS2339 at seat: a join knows no event
            then: { target: "booked", guard: ({ event }) => event.seat !== "" },
          },
          on: { Held: {} },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at wait: a join that waits for something else
        holding: { send: hold, join: { wait: "some", then: "booked" }, on: { Held: {} } },
        ...ends,
      },
    }),

  // ---- each
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          // @ts-expect-error TS2322 at each: elements that are not what the command carries
          send: { PrintTicket: { each: ({ guests }) => guests.map(({ name }) => ({ guest: name })) } },
          on: { Ticketed: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          send: {
            // @ts-expect-error TS2339 at trip: a list that reads a field that the data has not
            PrintTicket: { each: (data) => data.guests.map((guest) => ({ tripId: data.trip, guest })) },
          },
          on: { Ticketed: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          // @ts-expect-error TS2820 at each: a list under a field that the data has not
          send: { PrintTicket: { each: "/gests", as: "guest", pick: ["tripId"] } },
          on: { Ticketed: "booked" },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        holding: {
          // @ts-expect-error TS2820 at as: an element under a name that the command does not know
          send: { PrintTicket: { each: "/guests", as: "gest", pick: ["tripId"] } },
          on: { Ticketed: "booked" },
        },
        ...ends,
      },
    }),

  // ---- child flows
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2820 at refunded: an outcome that answers with an event that the flow does not declare
      commands: { StartRefund: { flow: "refund", outcomes: { refunded: "Refundd" } } },
      states: { holding: { send: { StartRefund: "data" }, on: { Refunded: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at StartRefund: a child flow without outcomes
      commands: { StartRefund: { flow: "refund" } },
      states: { holding: { send: { StartRefund: "data" }, on: { Refunded: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at StartRefund: a child flow that also goes to a channel
      commands: { StartRefund: { flow: "refund", outcomes: { refunded: "Refunded" }, channel: "rail" } },
      states: { holding: { send: { StartRefund: "data" }, on: { Refunded: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      commands: {
        // @ts-expect-error TS2322 at answers: a child flow with answers of its own
        StartRefund: { flow: "refund", outcomes: { refunded: "Refunded" }, answers: ["Refunded"] },
      },
      states: { holding: { send: { StartRefund: "data" }, on: { Refunded: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at whenLeft: what becomes of a child is one of two words
      commands: { StartRefund: { flow: "refund", outcomes: { refunded: "Refunded" }, whenLeft: "kill" } },
      states: { holding: { send: { StartRefund: "data" }, on: { Refunded: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      commands: { StartRefund: { flow: "refund", outcomes: { refunded: "Refunded" } } },
      states: {
        // @ts-expect-error TS2322 at StartRefund: a child run begins with an object
        holding: { send: { StartRefund: ({ tripId }) => tripId }, on: { Refunded: "booked" } },
        ...ends,
      },
    }),
  () => {
    // @ts-expect-error TS2339 at "StartRefund": the command of a child flow is none of a participant's
    const command: Trip["Commands"]["StartRefund"] = undefined;
    return command;
  },

  // ---- schedule
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at guests: data of a scheduled run of the wrong shape
      schedule: { cron: "0 3 * * *", data: { tripId: "nightly", guests: 3 } },
      states: { holding: { send: hold, on: { Held: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at schedule: a scheduled run without data where the flow requires some
      schedule: { cron: "0 3 * * *" },
      states: { holding: { send: hold, on: { Held: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at dueField: the due time put into a field that holds no text
      schedule: { cron: "0 3 * * *", dueField: "guests", data: { tripId: "nightly", guests: [] } },
      states: { holding: { send: hold, on: { Held: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      data: Type.Object({}),
      // @ts-expect-error TS2322 at catchUp: a catch-up policy that there is not
      schedule: { cron: "0 3 * * *", catchUp: "some" },
      states: { holding: { on: { Held: "booked" } }, ...ends },
    }),

  // ---- migrations
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2820 at old: a migration into a state that is none
      migrations: [{ from: 1, states: { old: "holdng" } }],
      states: { holding: { send: hold, on: { Held: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2820 at target: a migration into a state that is none, in the long form
      migrations: [{ from: 1, states: { old: { target: "holdng", enter: true } } }],
      states: { holding: { send: hold, on: { Held: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at data: a migration that forgets a field of the new data
      migrations: [{ from: 1, data: () => ({ tripId: "trip" }) }],
      states: { holding: { send: hold, on: { Held: "booked" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2353 at "/trip": a migration that sets a field that the new data has not
      migrations: [{ from: 1, data: { set: { "/trip": { value: 1 } } } }],
      states: { holding: { send: hold, on: { Held: "booked" } }, ...ends },
    }),

  // ---- states of the engine's own
  () =>
    defineFlow({
      ...base,
      states: {
        holding: { send: hold, on: { Held: "booked" } },
        // @ts-expect-error TS2322 at compensating: a state that every flow has already
        compensating: { on: { Released: "failed" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at initial: a run that begins where canceled runs go
      initial: "canceled",
      states: { holding: { send: hold, on: { Held: "booked" } }, canceled: { final: "canceled" }, ...ends },
    }),
];

describe("defineFlow, on steps, children, schedules and migrations", () => {
  it("refuses each of these wrong flows for the reason it names", { timeout: 60_000 }, async () => {
    const { named, found } = await typeErrorsOf(import.meta.url);
    assert.equal(named.length, wrong.length);
    assert.deepEqual(found, named);
  });

  it("knows the built-in states, and the commands and answers of participants alone", () => {
    assert.equal(facts.length, 5);
  });

  it("keeps what `compensate` says as data", () => {
    const definition: FlowDefinition = right;
    assert.deepEqual(definition.states["holding"]?.on?.["commandFailed"], {
      target: "failed",
      compensate: true,
    });
    assert.deepEqual(definition.states["holding"]?.after, {
      delay: "1d",
      target: "failed",
      compensate: true,
    });
  });
});
