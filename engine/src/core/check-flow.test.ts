import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkFlow, NAMES_MAX } from "./check-flow.ts";
import { FINDINGS } from "./findings.ts";
import type { FindingCode } from "./findings.ts";
import { faultsOf, linesOf, put } from "./fixtures/plant.ts";
import type { Fault, Loose, Planted } from "./fixtures/plant.ts";

/** A sound flow; each test plants one fault in a fresh copy. */
function soundFlow(): Loose {
  return structuredClone({
    name: "order",
    version: 1,
    data: {
      type: "object",
      required: ["orderId"],
      properties: { orderId: { type: "string" }, paymentId: { type: "string" }, tries: { type: "integer" } },
    },
    events: {
      Paid: { type: "object", required: ["paymentId"], properties: { paymentId: { type: "string" } } },
      Refused: { type: "object" },
      Expired: { type: "object" },
      Shipped: { type: "object" },
    },
    channels: ["payments", "shipping"],
    commands: {
      Charge: {
        channel: "payments",
        data: { type: "object", required: ["orderId"], properties: { orderId: {}, paymentId: {} } },
        answers: ["Paid", "Refused"],
      },
      Ask: { channel: "payments", answers: ["Paid", "Refused"] },
      Ship: { channel: "shipping", answers: ["Shipped"] },
    },
    businessStates: ["open", "done"],
    initial: "created",
    deadline: { delay: "30d", target: "expired" },
    states: {
      created: {
        businessState: "open",
        send: { Charge: { pick: ["orderId"] } },
        retry: { attempts: 3, first: "1s", factor: 2, max: "1m", jitter: "none", never: ["CARD_STOLEN"] },
        on: {
          Paid: [
            {
              target: "waiting",
              guard: { schema: { type: "object" } },
              update: { set: { "/paymentId": { from: "/event/paymentId" } } },
            },
            { target: "shipping" },
          ],
          Refused: "expired",
          commandFailed: "expired",
        },
        deadline: { delay: "1d", target: "expired" },
      },
      waiting: {
        poll: {
          send: { Ask: "data" },
          first: "0s",
          every: "5s",
          factor: 2,
          max: "1m",
          giveUp: { delay: "1h", event: "Expired" },
        },
        on: { Paid: "shipping", Refused: "expired", Expired: "expired" },
        after: [{ delay: "2h", target: "expired" }],
      },
      shipping: { send: { Ship: "data" }, on: { Shipped: "done" } },
      done: { businessState: "done", final: "done" },
      expired: { final: "expired" },
    },
  }) as unknown as Loose;
}

/** These faults and no other, in any order. */
function assertFaults(definition: unknown, expected: readonly Fault[]): void {
  assert.deepEqual(linesOf(faultsOf(definition)), linesOf(expected));
}

/** Each plants one fault; what is found is exactly what is told here, so that nothing is found twice. */
const PLANTED: readonly Planted[] = [
  ["an unknown key of the flow", "/states2", {}, ["unknown-key", "/states2", null]],
  [
    "an unknown key of a command",
    "/commands/Charge/chanel",
    "x",
    ["unknown-key", "/commands/Charge/chanel", null],
  ],
  [
    "an unknown key of a state",
    "/states/created/deadlin",
    {},
    ["unknown-key", "/states/created/deadlin", "created"],
  ],
  [
    "an unknown key of a transition",
    "/states/created/on/Paid/0/gaurd",
    {},
    ["unknown-key", "/states/created/on/Paid/0/gaurd", "created"],
  ],
  [
    "an unknown key of a guard",
    "/states/created/on/Paid/0/guard/x",
    {},
    ["unknown-key", "/states/created/on/Paid/0/guard/x", "created"],
  ],
  [
    "an unknown key of an update",
    "/states/created/on/Paid/0/update/x",
    {},
    ["unknown-key", "/states/created/on/Paid/0/update/x", "created"],
  ],
  [
    "an unknown key of a value",
    "/states/created/on/Paid/0/update/set/~1paymentId/x",
    1,
    ["unknown-key", "/states/created/on/Paid/0/update/set/~1paymentId/x", "created"],
  ],
  [
    "an unknown key of a projection",
    "/states/created/send/Charge/x",
    1,
    ["unknown-key", "/states/created/send/Charge/x", "created"],
  ],
  [
    "an unknown key of a timer",
    "/states/created/deadline/x",
    1,
    ["unknown-key", "/states/created/deadline/x", "created"],
  ],
  ["an unknown key of the flow's deadline", "/deadline/x", 1, ["unknown-key", "/deadline/x", null]],
  [
    "an unknown key of a poll",
    "/states/waiting/poll/x",
    1,
    ["unknown-key", "/states/waiting/poll/x", "waiting"],
  ],
  [
    "an unknown key of a retry",
    "/states/created/retry/x",
    1,
    ["unknown-key", "/states/created/retry/x", "created"],
  ],
  ["a flow's name with a space", "/name", "my order", ["bad-name", "/name", null]],
  [
    "a channel's name with a space",
    "/channels/0",
    "my payments",
    ["bad-name", "/channels/0", null],
    ["unknown-channel", "/commands/Charge/channel", null],
    ["unknown-channel", "/commands/Ask/channel", null],
    ["unused-channel", "/channels/0", null],
  ],
  ["an event of the engine's own", "/events/commandFailed", {}, ["bad-name", "/events/commandFailed", null]],
  [
    "a state's name with a slash",
    "/states/a~1b",
    { final: "x" },
    ["bad-name", "/states/a~1b", "a/b"],
    ["unreachable-state", "/states/a~1b", "a/b"],
  ],
  [
    "a state's name in camel case",
    "/states/allDone",
    { final: "x" },
    ["odd-state-name", "/states/allDone", "allDone"],
    ["unreachable-state", "/states/allDone", "allDone"],
  ],
  [
    "a state's name that the engine's own has in another case",
    "/states/Compensating",
    { final: "x" },
    ["odd-state-name", "/states/Compensating", "Compensating"],
    ["unreachable-state", "/states/Compensating", "Compensating"],
  ],
  ["an initial state that is none", "/initial", "creatd", ["unknown-initial", "/initial", null]],
  ["an initial state like none there is", "/initial", "somewhere", ["unknown-initial", "/initial", null]],
  [
    "a target that is none, alone",
    "/states/shipping/on/Shipped",
    "dnoe",
    ["unknown-target", "/states/shipping/on/Shipped", "shipping"],
  ],
  [
    "a target that is none, in a list",
    "/states/created/on/Paid/0/target",
    "wating",
    ["unknown-target", "/states/created/on/Paid/0/target", "created"],
  ],
  [
    "a timer's target that is none",
    "/states/created/deadline/target",
    "expird",
    ["unknown-target", "/states/created/deadline/target", "created"],
  ],
  [
    "the flow's deadline to nowhere",
    "/deadline/target",
    "expird",
    ["unknown-target", "/deadline/target", null],
  ],
  [
    "an event that is not declared",
    "/states/shipping/on/Shiped",
    "done",
    ["unknown-event", "/states/shipping/on/Shiped", "shipping"],
  ],
  [
    "an answer that is not declared",
    "/commands/Ship/answers/1",
    "Shiped",
    ["unknown-event", "/commands/Ship/answers/1", null],
  ],
  [
    "a timer's event that is not declared",
    "/states/waiting/poll/giveUp/event",
    "Expird",
    ["unknown-event", "/states/waiting/poll/giveUp/event", "waiting"],
  ],
  [
    "a command that is not declared",
    "/states/shipping/send/Shp",
    "data",
    ["unknown-command", "/states/shipping/send/Shp", "shipping"],
  ],
  [
    "a query that is not declared",
    "/states/waiting/poll/send",
    { Aks: "data" },
    ["unknown-command", "/states/waiting/poll/send/Aks", "waiting"],
    ["unused-command", "/commands/Ask", null],
  ],
  [
    "a channel that is not listed",
    "/commands/Ship/channel",
    "shiping",
    ["unknown-channel", "/commands/Ship/channel", null],
    ["unused-channel", "/channels/1", null],
  ],
  [
    "a business state that is not listed",
    "/states/created/businessState",
    "opne",
    ["unknown-business-state", "/states/created/businessState", "created"],
    ["unused-business-state", "/businessStates/0", null],
  ],
  [
    "a picked field the data has not",
    "/states/created/send/Charge/pick/1",
    "paymntId",
    ["unknown-field", "/states/created/send/Charge/pick/1", "created"],
  ],
  [
    "a picked list without a field the command needs",
    "/states/created/send/Charge/pick/0",
    "tries",
    ["missing-field", "/states/created/send/Charge/pick", "created"],
  ],
  [
    "the whole data without a field the command needs",
    "/commands/Ship/data",
    { required: ["paymentId"], properties: { paymentId: {} } },
    ["missing-field", "/states/shipping/send/Ship", "shipping"],
  ],
  [
    "a field set that the data has not",
    "/states/created/on/Paid/0/update/set",
    { "/payment": { value: 1 } },
    ["unknown-field", "/states/created/on/Paid/0/update/set/~1payment", "created"],
  ],
  [
    "a value from a field the event has not",
    "/states/created/on/Paid/0/update/set/~1paymentId/from",
    "/event/id",
    ["unknown-field", "/states/created/on/Paid/0/update/set/~1paymentId/from", "created"],
  ],
  [
    "a value from a field the data has not",
    "/states/created/on/Paid/0/update/set/~1paymentId/from",
    "/data/id",
    ["unknown-field", "/states/created/on/Paid/0/update/set/~1paymentId/from", "created"],
  ],
  [
    "a pointer without a slash",
    "/states/created/on/Paid/0/update/set",
    { paymentId: { value: 1 } },
    ["bad-pointer", "/states/created/on/Paid/0/update/set/paymentId", "created"],
  ],
  [
    "a pointer into the prototype",
    "/states/created/on/Paid/0/update/set",
    { "/__proto__/x": { value: 1 } },
    ["bad-pointer", "/states/created/on/Paid/0/update/set/~1__proto__~1x", "created"],
  ],
  [
    "a value from nowhere",
    "/states/created/on/Paid/0/update/set/~1paymentId/from",
    "/run/id",
    ["bad-pointer", "/states/created/on/Paid/0/update/set/~1paymentId/from", "created"],
  ],
  [
    "a transition behind one without a guard",
    "/states/waiting/on/Paid",
    [{ target: "shipping" }, { target: "expired" }],
    ["hidden-transition", "/states/waiting/on/Paid/1", "waiting"],
  ],
  [
    "a final state with a transition",
    "/states/done/on",
    { Paid: "expired" },
    ["final-not-empty", "/states/done/on", "done"],
  ],
  [
    "a final state with a timer",
    "/states/done/after",
    { delay: "1s", target: "expired" },
    ["final-not-empty", "/states/done/after", "done"],
  ],
  [
    "a final state with a command",
    "/states/done/send",
    { Ship: "data" },
    ["final-not-empty", "/states/done/send", "done"],
  ],
  [
    "a duration without a unit",
    "/states/created/deadline/delay",
    "10",
    ["bad-duration", "/states/created/deadline/delay", "created"],
  ],
  [
    "a duration of nothing",
    "/states/created/deadline/delay",
    "0s",
    ["bad-duration", "/states/created/deadline/delay", "created"],
  ],
  ["a duration that is a number", "/deadline/delay", 10, ["bad-duration", "/deadline/delay", null]],
  [
    "a poll that asks all the time",
    "/states/waiting/poll/every",
    "0ms",
    ["bad-duration", "/states/waiting/poll/every", "waiting"],
  ],
  [
    "a timer that leads nowhere",
    "/states/created/deadline",
    { delay: "1d" },
    ["bad-timer", "/states/created/deadline", "created"],
  ],
  [
    "a timer that leads two ways",
    "/states/waiting/poll/giveUp/target",
    "expired",
    ["bad-timer", "/states/waiting/poll/giveUp", "waiting"],
  ],
  [
    "a timer's event that the state does not take",
    "/states/created/deadline",
    { delay: "1d", event: "Expired" },
    ["untaken-timer-event", "/states/created/deadline/event", "created"],
  ],
  [
    "a timer's event that must carry something",
    "/states/waiting/poll/giveUp/event",
    "Paid",
    ["timer-event-data", "/states/waiting/poll/giveUp/event", "waiting"],
  ],
  [
    "a deadline of the run that some states do not take",
    "/deadline",
    { delay: "30d", event: "Expired" },
    ["unheard-deadline", "/deadline/event", null],
  ],
  [
    "no attempts",
    "/states/created/retry/attempts",
    0,
    ["bad-retry", "/states/created/retry/attempts", "created"],
  ],
  [
    "half an attempt",
    "/states/created/retry/attempts",
    1.5,
    ["bad-retry", "/states/created/retry/attempts", "created"],
  ],
  [
    "too many attempts",
    "/states/created/retry/attempts",
    1001,
    ["bad-retry", "/states/created/retry/attempts", "created"],
  ],
  [
    "a factor below 1",
    "/states/created/retry/factor",
    0.5,
    ["bad-retry", "/states/created/retry/factor", "created"],
  ],
  [
    "a first wait of nothing",
    "/states/created/retry/first",
    "0s",
    ["bad-retry", "/states/created/retry/first", "created"],
  ],
  [
    "a longest wait below the first",
    "/states/created/retry/max",
    "500ms",
    ["bad-retry", "/states/created/retry/max", "created"],
  ],
  [
    "a retry of nothing",
    "/states/waiting/retry",
    { attempts: 2 },
    ["unused-retry", "/states/waiting/retry", "waiting"],
  ],
  [
    "a poll of two queries",
    "/states/waiting/poll/send/Ship",
    "data",
    ["bad-poll", "/states/waiting/poll/send", "waiting"],
    ["unanswered-poll", "/states/waiting/poll/send/Ship", "waiting"],
  ],
  [
    "a poll whose waits shrink",
    "/states/waiting/poll/factor",
    0.9,
    ["bad-poll", "/states/waiting/poll/factor", "waiting"],
  ],
  [
    "a poll whose longest wait is too short",
    "/states/waiting/poll/max",
    "1s",
    ["bad-poll", "/states/waiting/poll/max", "waiting"],
  ],
  [
    "a poll that gives up before it asks",
    "/states/waiting/poll/first",
    "2h",
    ["bad-poll", "/states/waiting/poll/giveUp/delay", "waiting"],
  ],
  [
    "a poll without an answer",
    "/commands/Ask/answers",
    [],
    ["unanswered-poll", "/states/waiting/poll/send/Ask", "waiting"],
  ],
  ["an event that no state takes", "/events/Lost", {}, ["unused-event", "/events/Lost", null]],
  [
    "a command that no state sends",
    "/commands/Tell",
    { channel: "payments" },
    ["unused-command", "/commands/Tell", null],
  ],
  ["a channel that no command uses", "/channels/2", "mail", ["unused-channel", "/channels/2", null]],
  [
    "a business state of no state",
    "/businessStates/2",
    "lost",
    ["unused-business-state", "/businessStates/2", null],
  ],
  [
    "a state that nothing leads to",
    "/states/lost",
    { final: "lost" },
    ["unreachable-state", "/states/lost", "lost"],
  ],
];

describe("checkFlow", () => {
  it("finds nothing wrong with a sound flow", () => {
    assert.deepEqual(checkFlow(soundFlow()), []);
  });

  for (const [what, path, value, ...faults] of PLANTED) {
    it(`finds ${what}, and nothing else`, () => {
      const flow = soundFlow();
      put(flow, path, value);
      assertFaults(flow, faults);
    });
  }

  it("finds all faults at once", () => {
    const flow = soundFlow();
    const three = PLANTED.filter(([what]) =>
      /initial state that is none|no attempts|no state takes/.test(what),
    );
    for (const [, path, value] of three) put(flow, path, value);
    assertFaults(
      flow,
      three.flatMap(([, , , ...faults]) => faults),
    );
  });

  it("finds more names than a flow may have, and stops there", () => {
    const states = Object.fromEntries(Array.from({ length: NAMES_MAX + 1 }, (_, n) => [`s${n}`, {}]));
    assert.deepEqual(faultsOf({ states }), [["too-many", "/states", null]]);
  });

  it("says what it found, what it expected and what was perhaps meant", () => {
    const flow = soundFlow();
    put(flow, "/states/shipping/on/Shipped", "dnoe");
    const [found] = checkFlow(flow);
    assert.equal(
      found?.message,
      'state shipping goes to "dnoe", expected one of the flow\'s states: created, waiting, shipping, done, expired, canceled; did you mean "done"?',
    );
    assert.equal(found?.severity, "error");
    assert.equal(found?.hint, 'did you mean "done"?');
  });

  it("counts functions as guards, updates and projections", () => {
    const flow = soundFlow();
    put(flow, "/states/created/send/Charge", () => ({ orderId: "o" }));
    put(flow, "/states/created/on/Paid/0/guard", () => true);
    put(flow, "/states/created/on/Paid/0/update", () => ({}));
    assert.deepEqual(checkFlow(flow), []);
  });

  it("has a test for every code that is found here", () => {
    const elsewhere: FindingCode[] = [
      // in load-flow.test.ts
      "bad-syntax",
      "duplicate-key",
      "wrong-shape",
      "bad-schema",
      // in inspect-flow.test.ts
      "bad-constant",
      "slow-pattern",
      // in check-children.test.ts
      "unknown-flow",
      "unknown-outcome",
      "unlisted-outcome",
      // in check-ways.test.ts
      "no-final-state",
      "no-way-to-final",
      "endless-loop",
      "guarded-loop",
      "unanswered-command",
      "untaken-answer",
      // in check-flow-steps.test.ts
      "bad-child",
      "bad-compensate",
      "bad-each",
      "bad-initial",
      "bad-join",
      "bad-migration",
      "bad-undo",
      "double-undo",
      "guarded-join",
      "nothing-to-undo",
      "unanswered-join",
      "unanswered-undo",
      "unjoined-each",
      "unsent-undo",
      "untaken-unless",
      // in inspect-schedule.test.ts
      "bad-schedule",
      // below
      "too-many",
    ];
    const tested = new Set(PLANTED.flatMap((row) => row.slice(2).flatMap(codeOf)));
    assert.deepEqual(
      Object.keys(FINDINGS)
        .filter((code) => !tested.has(code))
        .toSorted(),
      elsewhere.toSorted(),
    );
  });

  it("takes any JSON without throwing", () => {
    const seed = Date.now() % 2 ** 31;
    const random = mulberry32(seed);
    for (let round = 0; round < 1_000; round++) {
      const value = round % 2 === 0 ? randomJson(random, 6) : mutated(random);
      assert.doesNotThrow(() => checkFlow(value), `seed ${seed}, round ${round}: ${JSON.stringify(value)}`);
    }
  });
});

function codeOf(cell: unknown): readonly string[] {
  return Array.isArray(cell) && typeof cell[0] === "string" ? [cell[0]] : [];
}

/** @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS =
  "name version data events channels commands businessStates initial deadline states on send after poll retry final target event delay guard update set from value schema pick every first max factor giveUp attempts never answers channel undo unless compensate join wait then losers each as flow outcomes whenLeft schedule cron migrations enter canceled compensating a b Go commandFailed __proto__ constructor properties required".split(
    " ",
  );

function pick<T>(random: () => number, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

function randomJson(random: () => number, depth: number): unknown {
  const leaf = () => pick(random, [null, true, 0, -1.5, 1e21, "", "a", "10s", "/data/a", "~", ...WORDS]);
  if (depth === 0 || random() < 0.25) return leaf();
  const size = Math.floor(random() * 6);
  if (random() < 0.3) return Array.from({ length: size }, () => randomJson(random, depth - 1));
  const object: Record<string, unknown> = {};
  for (let n = 0; n < size; n++) {
    Object.defineProperty(object, pick(random, WORDS), {
      value: randomJson(random, depth - 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

/** A sound flow in which some values are replaced by anything. */
function mutated(random: () => number): unknown {
  const walk = (value: unknown): unknown => {
    if (random() < 0.04) return randomJson(random, 3);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [random() < 0.03 ? pick(random, WORDS) : key, walk(field)]),
    );
  };
  return walk(soundFlow());
}
