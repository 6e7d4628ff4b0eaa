/**
 * What the compiler refuses in a flow, and what it knows about one. Each `@ts-expect-error` names the error it stands for; the first
 * test takes the directives out, runs the compiler, and holds its answer against them, so none passes for another reason.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CommandMessage, EventMessage, Json } from "@sluice/contracts/envelope";
import { Type } from "typebox";
import type { FlowDefinition } from "../core/flow.ts";
import { defineFlow } from "./define-flow.ts";
import type { FlowTypes } from "./define-flow.ts";
import { typeErrorsOf } from "./fixtures/type-errors.ts";

const base = {
  name: "order",
  version: 1,
  data: Type.Object({
    orderId: Type.String(),
    units: Type.Integer(),
    paymentId: Type.Optional(Type.String()),
  }),
  events: {
    Paid: Type.Object({ paymentId: Type.String() }),
    Counted: Type.Object({ units: Type.String() }),
    Expired: Type.Object({}),
  },
  channels: ["payments"],
  commands: {
    Charge: {
      channel: "payments",
      data: Type.Object({ orderId: Type.String(), units: Type.Integer() }),
      answers: ["Paid", "Expired"],
    },
    Refund: { channel: "payments", data: Type.Object({ paymentId: Type.String() }), answers: ["Expired"] },
    Tell: { channel: "payments", answers: ["Expired"] },
  },
  businessStates: ["open", "done"],
  initial: "created",
} as const;

const ends = { paid: { final: "paid" }, expired: { final: "expired" } } as const;

const right = defineFlow({
  ...base,
  deadline: { delay: "7d", target: "expired" },
  states: {
    created: {
      businessState: "open",
      send: { Charge: { pick: ["orderId", "units"] }, Tell: "data" },
      retry: { attempts: 3, first: "1s" },
      on: {
        Paid: [
          {
            target: "paid",
            guard: ({ data, event }) => data.units > 0 && event.paymentId !== "",
            update: ({ data, event }) => ({ ...data, paymentId: event.paymentId }),
          },
          { update: "merge" },
          { target: "expired", guard: { schema: { type: "object" } } },
        ],
        Expired: {
          target: "expired",
          update: { set: { "/paymentId": { value: "none" }, "/units": { from: "/data/units" } } },
        },
        commandFailed: { target: "expired", guard: ({ event }) => event.error.kind === "invalid" },
      },
      after: [
        { delay: "1.5h", event: "Expired" },
        { delay: "100ms", target: "expired" },
      ],
      deadline: { delay: "1d", target: "expired" },
      poll: { send: { Charge: "data" }, every: "5s", giveUp: { delay: "1m", target: "expired" } },
    },
    ...ends,
  },
});

type Order = FlowTypes<typeof right>;
interface OrderData {
  orderId: string;
  units: number;
  paymentId?: string;
}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Flat<T> = { [K in keyof T]: T[K] };

/** Compiles only while each of these is exactly so. */
const facts: readonly true[] = [
  true satisfies Same<Flat<Order["Data"]>, Flat<OrderData>>,
  true satisfies Same<Order["State"], "created" | "paid" | "expired" | "compensating" | "canceled">,
  true satisfies Same<keyof Order["Events"], "Paid" | "Counted" | "Expired">,
  true satisfies Same<Order["Events"]["Paid"], EventMessage<"Paid", { paymentId: string }>>,
  true satisfies Same<
    Order["Commands"]["Charge"],
    CommandMessage<"Charge", { orderId: string; units: number }>
  >,
  true satisfies Same<Order["Commands"]["Tell"], CommandMessage<"Tell", Json>>,
  true satisfies Same<
    Order["Answers"]["Charge"],
    EventMessage<"Paid", { paymentId: string }> | EventMessage<"Expired", object>
  >,
];

/** What is expected by the letter stays so in what a rule returns. */
const Choice = Type.Union([Type.Literal("vip"), Type.Literal("plain")]);
const choosing = {
  ...base,
  data: Type.Object({ orderId: Type.String(), choice: Choice, seats: Type.Array(Choice) }),
  commands: {
    Greet: { channel: "payments", data: Type.Object({ how: Choice }), answers: ["Expired"] },
    Wave: { channel: "payments", data: Type.Object({ how: Choice }), answers: ["Expired"] },
  },
} as const;

const chosen = defineFlow({
  ...choosing,
  states: {
    created: {
      send: {
        Greet: ({ orderId }) => ({ how: orderId === "" ? "vip" : "plain" }),
        Wave: { each: ({ seats }) => seats.map(() => ({ how: "vip" as const })) },
      },
      undo: { Greet: { send: { Wave: ({ choice }) => ({ how: choice }) } } },
      on: {
        Paid: { target: "paid", update: () => ({ orderId: "o-1", choice: "vip", seats: ["plain"] }) },
        Counted: { update: ({ data }) => ({ ...data, choice: "plain" }) },
        Expired: "expired",
      },
    },
    ...ends,
  },
});
/** Each of these is wrong in one place. They are only compiled. */
export const wrong = [
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2820 at initial: no state is called "creatd"
      initial: "creatd",
      states: { created: { on: { Paid: "paid" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Paid: a target that is no state, in the short form
        created: { on: { Paid: "piad" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Paid: a target that is no state, in the long form
        created: { on: { Paid: { target: "piad" } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at target: a target that is no state, in a list
        created: { on: { Paid: [{ guard: ({ data }) => data.units > 1, target: "piad" }] } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2353 at Payed: an event that the flow does not declare
        created: { on: { Payed: "paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Chrge: a command that the flow does not declare
        created: { send: { Chrge: "data" }, on: { Paid: "paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Charge: the projection leaves out `units`
        created: { send: { Charge: ({ orderId }) => ({ orderId }) }, on: { Paid: "paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2339 at pieces: the projection reads a field that the data has not
        created: { send: { Charge: (data) => ({ ...data, units: data.pieces }) }, on: { Paid: "paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Refund: the data as a whole does not fit, because its `paymentId` may be missing
        created: { send: { Refund: "data" }, on: { Expired: "expired" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2820 at "unit": `pick` names a field that the data has not
        created: { send: { Charge: { pick: ["orderId", "unit"] } }, on: { Paid: "paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at "paymentId": `pick` names a field that may be missing where the command needs it
        created: { send: { Refund: { pick: ["paymentId"] } }, on: { Expired: "expired" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Paid: the update gives `units` another type
        created: { on: { Paid: { target: "paid", update: ({ data }) => ({ ...data, units: "two" }) } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        created: {
          // @ts-expect-error TS2322 at Paid: the update forgets the rest of the data
          on: { Paid: { target: "paid", update: ({ event }) => ({ paymentId: event.paymentId }) } },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...choosing,
      states: {
        created: {
          // @ts-expect-error TS2322 at Paid: the update gives a text that the data does not know
          on: { Paid: { target: "paid", update: ({ data }) => ({ ...data, choice: "gold" }) } },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2540 at units: the update writes into the data it was given
        created: { on: { Paid: { target: "paid", update: ({ data }) => ((data.units = 2), data) } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at Counted: the event's `units` is a text, so it cannot be merged into the data
        created: { on: { Counted: { update: "merge" }, Paid: "paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2353 at "/paymentIdd": `set` writes to a field that the data has not
        created: { on: { Paid: { target: "paid", update: { set: { "/paymentIdd": { value: 1 } } } } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        created: {
          // @ts-expect-error TS2322 at Paid: `set` reads a field that the event has not
          on: { Paid: { target: "paid", update: { set: { "/paymentId": { from: "/event/id" } } } } },
        },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2551 at unit: the guard reads a field that the data has not
        created: { on: { Paid: { target: "paid", guard: ({ data }) => data.unit > 1 } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2339 at amount: the guard reads a field that the event has not
        created: { on: { Paid: { target: "paid", guard: ({ event }) => event.amount > 1 } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2339 at reason: `commandFailed` carries no `reason`
        created: { on: { commandFailed: { target: "paid", guard: ({ event }) => event.reason === "" } } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at businessState: a business state that is not in the list
        created: { businessState: "opne", on: { Paid: "paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        created: { on: { Paid: "paid" } },
        // @ts-expect-error TS2322 at businessState: a business state that is not in the list, of a final state
        paid: { businessState: "doen", final: "paid" },
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at after: a timer goes to a state that is none
        created: { on: { Paid: "paid" }, after: { delay: "1s", target: "expird" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at event: a timer raises an event that the flow does not declare
        created: { on: { Paid: "paid" }, after: [{ delay: "1s", event: "Expird" }] },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at event: a timer raises an event that must carry something
        created: { on: { Paid: "paid" }, deadline: { delay: "1s", event: "Paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2322 at after: a duration without a unit
        created: { on: { Paid: "paid" }, after: { delay: "10", target: "expired" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2820 at target: the limit on the whole run goes to a state that is none
      deadline: { delay: "1d", target: "expird" },
      states: { created: { on: { Paid: "paid" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        created: { on: { Paid: "paid" } },
        // @ts-expect-error TS2322 at Paid: a final state takes no event
        paid: { final: "paid", on: { Paid: "created" } },
      },
    }),
  () =>
    defineFlow({
      ...base,
      states: {
        // @ts-expect-error TS2561 at deadlin: a key that nobody knows
        created: { on: { Paid: "paid" }, deadlin: { delay: "1s", target: "paid" } },
        ...ends,
      },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at "Payed": an answer that the flow does not declare
      commands: { Charge: { channel: "payments", answers: ["Payed"] } },
      states: { created: { send: { Charge: "data" }, on: { Paid: "paid" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at channel: a channel that is not in the list
      commands: { Charge: { channel: "payment", answers: ["Paid"] } },
      states: { created: { send: { Charge: "data" }, on: { Paid: "paid" } }, ...ends },
    }),
  () =>
    defineFlow({
      ...base,
      // @ts-expect-error TS2322 at retries: a key of a command that nobody knows
      commands: { Charge: { channel: "payments", answers: ["Paid"], retries: 3 } },
      states: { created: { send: { Charge: "data" }, on: { Paid: "paid" } }, ...ends },
    }),
  () => {
    const { commands, ...rest } = base;
    void commands;
    return defineFlow({
      ...rest,
      // @ts-expect-error TS2322 at Charge: a command in a flow that declares none
      states: { created: { send: { Charge: "data" }, on: { Paid: "paid" } }, ...ends },
    });
  },
  () => {
    // @ts-expect-error TS2322 at type: an answer of another command's
    const answer: Order["Answers"]["Refund"] = { type: "Paid", data: { paymentId: "p" } };
    return answer;
  },
  () => {
    // @ts-expect-error TS2322 at paymentId: an event with a payload of the wrong shape
    const event: Order["Events"]["Paid"] = { type: "Paid", data: { paymentId: 1 } };
    return event;
  },
];

describe("defineFlow", () => {
  it("refuses each wrong flow for the reason it names", { timeout: 60_000 }, async () => {
    const { named, found } = await typeErrorsOf(import.meta.url);
    assert.equal(named.length, wrong.length);
    assert.deepEqual(found, named);
  });

  it("knows the types of data, events, commands and answers", () => {
    assert.equal(facts.length, 7);
  });

  it("hands back the definition it was given, as data", () => {
    assert.equal(chosen.initial, "created");
    const definition: FlowDefinition = right;
    assert.deepEqual(Object.keys(definition.states), ["created", "paid", "expired"]);
    assert.equal(definition.initial, "created");
  });
});
