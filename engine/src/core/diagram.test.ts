import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DRAWN_STATES_MAX } from "./diagram-svg.ts";
import { toMermaid, toSvg } from "./diagram.ts";
import type { FlowDefinition } from "./flow.ts";

const order: FlowDefinition = {
  name: "order",
  version: 2,
  events: { Paid: {}, Expired: {}, Noted: {}, Again: {} },
  commands: {
    Charge: { channel: "payments", answers: ["Paid"] },
    Ask: { channel: "payments", answers: ["Paid"] },
  },
  initial: "created",
  deadline: { delay: "30d", target: "expired" },
  states: {
    created: {
      businessState: "open",
      send: { Charge: "data" },
      poll: { send: { Ask: "data" }, every: "5s", giveUp: { delay: "1h", target: "expired" } },
      on: {
        Paid: [{ guard: { schema: {} }, target: "paid" }, { target: "expired" }],
        Expired: "expired",
        Noted: {},
        Again: "created",
      },
      after: { delay: "10m", event: "Expired" },
    },
    paid: { businessState: "done", final: "paid" },
    expired: { businessState: "done", final: "too-late" },
  },
};

const trip: FlowDefinition = {
  name: "trip",
  version: 1,
  events: { Held: {}, Full: {}, Released: {}, Paid: {} },
  commands: {
    Hold: { channel: "rail", answers: ["Held", "Full"] },
    Release: { channel: "rail", answers: ["Released"] },
    Pay: { flow: "payment", outcomes: { paid: "Paid" } },
  },
  initial: "holding",
  states: {
    holding: {
      send: { Hold: { each: "/hotel/rooms" }, Pay: "data" },
      undo: { Hold: { send: { Release: "command" } } },
      join: {
        wait: "any",
        then: [{ guard: { schema: {} }, target: "canceled", compensate: true }, { target: "held" }],
        losers: "undo",
      },
      on: {
        Held: {},
        Paid: { undo: { send: { Release: "data" } } },
        Full: { target: "canceled", compensate: true },
      },
      after: { delay: "1d", target: "canceled", compensate: true },
    },
    held: { final: "held" },
  },
};

const counts = [
  { flowVersion: 2, state: "created", runs: 12, parked: 1 },
  { flowVersion: 2, state: "paid", runs: 10_432, parked: 0 },
  { flowVersion: 2, state: "gone", runs: 3, parked: 0 },
];

/** A definition that no check would let through, as a picture may still be asked of it. */
function odd(states: Readonly<Record<string, unknown>>): FlowDefinition {
  return { ...order, initial: "a", states } as unknown as FlowDefinition;
}

describe("toMermaid", () => {
  it("tells states, work, counts, events, timers, ends and business states", () => {
    assert.equal(
      toMermaid(order, counts),
      `---
title: "order v2, deadline 30d: expired"
---
stateDiagram-v2
    state "created" as s0
    s0 : → Charge
    s0 : → Ask every 5s
    s0 : 12 runs, 1 parked
    state "paid" as s1
    s1 : 10432 runs
    state "expired" as s2
    [*] --> s0
    s0 --> s1 : Paid [guard]
    s0 --> s2 : Paid
    s0 --> s2 : ⏱ Expired, after 10m
    s0 --> s2 : ⏱ gives up after 1h
    s0 --> s0 : Noted (stays)
    s0 --> s0 : Again
    s1 --> [*] : paid
    s2 --> [*] : too-late
    note right of s0 : open
    note right of s1 : done
    note right of s2 : done
`,
    );
  });

  it("tells child flows, lists, joins, and what is taken back", () => {
    assert.equal(
      toMermaid(trip, [{ flowVersion: 1, state: "compensating", runs: 2, parked: 0 }]),
      `---
title: "trip v1"
---
stateDiagram-v2
    state "holding" as s0
    s0 : → Hold for each of hotel.rooms
    s0 : ↩ Release
    s0 : → Pay, a run of payment
    state "held" as s1
    state "compensating" as s2
    s2 : 2 runs
    state "canceled" as s3
    [*] --> s0
    s0 --> s0 : Held (joins)
    s0 --> s0 : Paid ↩ Release (joins)
    s0 --> s3 : ↩ Full
    s0 --> s3 : ↩ first answer, others taken back [guard]
    s0 --> s3 : ↩ after 1d
    s0 --> s1 : first answer, others taken back
    s1 --> [*] : held
    s3 --> [*] : canceled
`,
    );
  });

  it("leaves out the built-in states where nothing leads to them and no run is in them", () => {
    assert.doesNotMatch(toMermaid(order), /compensating|canceled/);
    assert.match(
      toMermaid(order, [{ flowVersion: 2, state: "canceled", runs: 1, parked: 0 }]),
      /state "canceled" as s3\n\s+s3 : 1 run\n/,
    );
  });

  it("counts the runs of the version that is drawn, and says how many there are of others", () => {
    const former = { flowVersion: 1, state: "created", runs: 4, parked: 1 };
    const text = toMermaid(order, [...counts, former, { ...former, flowVersion: 3, state: "held" }]);
    assert.match(text, /title: "order v2, deadline 30d: expired, 8 runs in other versions"/);
    assert.match(text, /12 runs, 1 parked/);
    assert.match(toSvg(order, [former]), />deadline 30d: expired<.*>4 runs in other versions</);
    assert.doesNotMatch(toSvg(order, [former]), /class="badge/);
  });

  it("counts one run as one", () => {
    const one = [{ flowVersion: 2, state: "paid", runs: 1, parked: 0 }];
    assert.match(toMermaid(order, one), /s1 : 1 run\n/);
    assert.match(toSvg(order, one), /paid \(done\): 1 run, 0 parked/);
  });

  it("writes what Mermaid would read as its own syntax by number", () => {
    const text = toMermaid(odd({ 'a"; end\n': { on: { "x:y": 'a"; end\n' } } }));
    assert.match(text, /state "a#34;#59; end#10;" as s0/);
    assert.match(text, /s0 --> s0 : x#58;y/);
  });

  it("leaves out what leads nowhere", () => {
    assert.doesNotMatch(toMermaid(odd({ a: { on: { Go: "nowhere" } } })), /-->.*Go/);
  });
});

describe("toSvg", () => {
  it("shows each state with its business state, its work and its outcome", () => {
    const svg = toSvg(order);
    for (const text of [
      "created",
      "open",
      "→ Charge",
      "→ Ask every 5s",
      "ends as too-late",
      "order v2",
      "deadline 30d: expired",
    ]) {
      assert.ok(svg.includes(`>${text}<`), text);
    }
  });

  it("shows counts as badges, short, with the exact number in the title", () => {
    const svg = toSvg(order, counts);
    assert.match(svg, /class="badge runs".*?>12</);
    assert.match(svg, /class="badge parked".*?>1 parked</);
    assert.match(svg, />10k</);
    assert.match(svg, /paid \(done\): 10432 runs, 0 parked/);
    assert.doesNotMatch(toSvg(order), /class="badge/);
  });

  it("draws what a timer does dashed, and a state's way to itself beside it", () => {
    const svg = toSvg(order);
    assert.equal(svg.match(/class="edge timer"/g)?.length, 1);
    assert.match(svg, /class="label beside"[^>]*>Noted \(stays\)</);
  });

  it("draws ways on which steps are taken back in a line of their own, and in its colour what takes them back", () => {
    const svg = toSvg(trip);
    assert.equal(svg.match(/class="edge compensation"/g)?.length, 1);
    assert.equal(svg.match(/class="label compensation"/g)?.length, 3);
    assert.match(svg, /class="undo"[^>]*>↩ Release</);
    assert.ok(isBalanced(svg));
  });

  it("adapts to light and dark pages without variables, scripts or links", () => {
    const svg = toSvg(order);
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.doesNotMatch(svg, /var\(|<script|href|<!DOCTYPE/);
  });

  it("escapes every name, so that none becomes markup", () => {
    const evil = `<script>alert("1")</script>&\u0000`;
    const svg = toSvg({
      ...odd({
        a: { businessState: evil, send: { [evil]: "data" }, on: { [evil]: evil } },
        [evil]: { final: evil },
      }),
      name: evil,
    });
    assert.doesNotMatch(svg, /<script|\u0000/);
    assert.ok(isBalanced(svg));
  });

  it("draws any JSON without throwing", () => {
    for (const value of [
      null,
      1,
      "x",
      [],
      {},
      { states: 1 },
      { states: { a: null } },
      { initial: "a", states: { a: { on: { x: [1, null, {}] } } } },
      { states: { a: { send: { x: { each: 1 } }, undo: { x: 1 }, join: { then: [null, "b"] } } } },
    ]) {
      assert.ok(isBalanced(toSvg(value as unknown as FlowDefinition)));
      assert.match(toMermaid(value as unknown as FlowDefinition), /stateDiagram-v2/);
    }
  });

  it("draws the same flow the same each time", () => {
    assert.equal(toSvg(order, counts), toSvg(structuredClone(order), structuredClone(counts)));
  });

  it("says so when a flow is too large to be drawn", () => {
    const states = Object.fromEntries(Array.from({ length: DRAWN_STATES_MAX + 1 }, (_, n) => [`s${n}`, {}]));
    assert.match(toSvg(odd(states)), /101 states .* too many to draw/);
  });

  it("draws the largest flow it draws within seconds", { timeout: 20_000 }, () => {
    const states = Object.fromEntries(
      Array.from({ length: DRAWN_STATES_MAX }, (_, n) => [
        `s${n}`,
        {
          on: {
            A: `s${n + 1}`,
            B: `s${(n * 37) % DRAWN_STATES_MAX}`,
            C: `s${(n * 61 + 7) % DRAWN_STATES_MAX}`,
          },
        },
      ]),
    );
    assert.ok(isBalanced(toSvg({ ...odd(states), initial: "s0" })));
  });

  it("shortens long labels and says how many more there are", () => {
    const on = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`Event${n}${"x".repeat(60)}`, "b"]));
    const svg = toSvg(odd({ a: { on }, b: { final: "b" } }));
    assert.match(svg, />and 4 more</);
    assert.doesNotMatch(svg, /x{60}/);
  });
});

/** Whether each element that is opened is closed, in order. */
function isBalanced(svg: string): boolean {
  const open: string[] = [];
  for (const [, slash, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (slash === "/" && open.pop() !== name) return false;
    if (slash === "" && self === "" && name !== undefined) open.push(name);
  }
  return open.length === 0;
}
