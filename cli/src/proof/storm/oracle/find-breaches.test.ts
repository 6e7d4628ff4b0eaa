import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredHistory } from "@sluice/engine/random-flows";
import { batch, playOrders } from "../../fixtures/played-orders.ts";
import type { PlayedOrders } from "../../fixtures/played-orders.ts";
import { checkRepeats } from "./check-effects.ts";
import { findBreaches } from "./find-breaches.ts";
import type { Effect, Witnessed } from "./witnessed.ts";

/** What the oracle says when something is not as it was. */
function judge({ witnessed, expectations }: PlayedOrders, changed: Partial<Witnessed> = {}) {
  return findBreaches({ ...witnessed, ...changed }, expectations);
}

/** There is a breach of this promise, and it speaks of this. */
function assertFound(found: ReturnType<typeof findBreaches>, promise: string, words: RegExp): void {
  assert.ok(
    found.some((breach) => breach.promise === promise && words.test(breach.message)),
    `expected ${promise} ${words}, found ${JSON.stringify(found, null, 2)}`,
  );
}

function effectOf({ witnessed }: PlayedOrders, type: string): Effect {
  return witnessed.effects.find((effect) => effect.type === type) ?? assert.fail(`no effect of ${type}`);
}

function withHistory(
  { witnessed }: PlayedOrders,
  change: (history: StoredHistory) => StoredHistory,
): Partial<Witnessed> {
  const [first, ...others] = witnessed.histories;
  return { histories: first === undefined ? [] : [change(first), ...others] };
}

const withoutEffect = (orders: PlayedOrders, type: string): Partial<Witnessed> => ({
  effects: orders.witnessed.effects.filter((effect) => effect.type !== type),
});

test("the oracle finds nothing where every promise was kept", async (t) => {
  const orders = await playOrders(t);
  assert.deepEqual(judge(orders), []);
  assert.equal(orders.witnessed.effects.length, 5);
});

test("the oracle finds an effect that happened twice", async (t) => {
  const orders = await playOrders(t);
  for (const type of ["Count", "UndoCount", "Charge"]) {
    const twice = [...orders.witnessed.effects, effectOf(orders, type)];
    assertFound(judge(orders, { effects: twice }), "I2", new RegExp(`${type} on .* took effect 2 times`));
  }
  // Nobody has promised more of a participant without a memory.
  assert.deepEqual(judge(orders, { effects: [...orders.witnessed.effects, effectOf(orders, "Tell")] }), []);
});

test("the oracle finds an effect that happened twice before the world has come to rest", async (t) => {
  const orders = await playOrders(t);
  const repeats = (effects: readonly Effect[]): readonly string[] => {
    const found: string[] = [];
    checkRepeats(effects, (promise, message) => found.push(`${promise} ${message}`));
    return found;
  };
  const { effects } = orders.witnessed;
  assert.deepEqual(repeats(effects), []);
  assert.match(
    String(repeats([...effects, effectOf(orders, "Charge")])),
    /^I2 .*Charge .* took effect 2 times$/,
  );
  assert.deepEqual(repeats([...effects, effectOf(orders, "Tell")]), []);
});

test("the oracle finds an effect that never happened", async (t) => {
  const orders = await playOrders(t);
  for (const type of ["Count", "UndoCount", "Charge", "Tell"])
    assertFound(
      judge(orders, withoutEffect(orders, type)),
      "I2",
      new RegExp(`${type} on .* took effect 0 times`),
    );
});

test("the oracle finds an effect that nobody asked for", async (t) => {
  const orders = await playOrders(t);
  const strange = { ...effectOf(orders, "Charge"), commandId: "x:1:0" };
  const effects = [...orders.witnessed.effects, strange];
  assertFound(judge(orders, { effects }), "I2", /x:1:0 took effect 1 times, and no history knows it/);
});

test("the oracle finds a command that left before the batch that issued it was committed", async (t) => {
  const orders = await playOrders(t);
  const charge = effectOf(orders, "Charge");
  const effects = orders.witnessed.effects.map((effect) =>
    effect === charge ? { ...effect, isEarly: true } : effect,
  );
  assertFound(judge(orders, { effects }), "I2", /took effect before the batch that issued it was committed/);
});

test("the oracle finds what was done after it was taken back", async (t) => {
  const orders = await playOrders(t);
  const undo = effectOf(orders, "UndoCount");
  const effects = orders.witnessed.effects.map((effect) =>
    effect.commandId === undo.undoes ? { ...effect, nth: undo.nth + 1 } : effect,
  );
  assertFound(judge(orders, { effects }), "I2", /after .* had taken it back/);
});

test("the oracle finds an update of the shared row that was lost", async (t) => {
  const orders = await playOrders(t);
  const { effects, undos } = orders.witnessed.tally;
  assertFound(judge(orders, { tally: { effects: effects - 1, undos } }), "I2", /the tally counts/);
});

test("the oracle finds a gap in the versions of a run", async (t) => {
  const orders = await playOrders(t);
  const gap = withHistory(orders, (history) => ({
    ...history,
    entries: history.entries.filter(({ version }) => version !== 2),
  }));
  assertFound(judge(orders, gap), "I1", /no input explains version 3/);
});

test("the oracle finds an answer that its participant has not given", async (t) => {
  const orders = await playOrders(t);
  const changed = withHistory(orders, (history) => ({
    ...history,
    entries: history.entries.map((entry) => (entry.version === 2 ? { ...entry, data: { n: 77 } } : entry)),
  }));
  assertFound(judge(orders, changed), "I2", /was answered .* and history says/);
});

test("the oracle finds an acknowledged start and an acknowledged event that are lost", async (t) => {
  const orders = await playOrders(t);
  const { witnessed } = orders;
  assertFound(
    judge(orders, { histories: witnessed.histories.slice(1) }),
    "I6",
    /acknowledged as run .* there is not/,
  );
  const withoutEvent = withHistory(orders, (history) => ({
    ...history,
    entries: history.entries.filter(({ eventId }) => eventId === undefined),
  }));
  assertFound(judge(orders, withoutEvent), "I6", /was acknowledged, and run .* has no trace of it/);
});

test("the oracle finds runs and events that nobody outside has asked for", async (t) => {
  const orders = await playOrders(t);
  orders.expectations.ledger.starts.splice(0);
  orders.expectations.ledger.events.splice(0);
  assertFound(judge(orders), "I6", /was started by nobody/);
  assertFound(judge(orders), "I6", /nobody has told it/);
});

test("the oracle finds the batch of an owner that has lost its lane", async (t) => {
  const orders = await playOrders(t);
  const [claimed] = orders.witnessed.laneSteps;
  const owner = claimed?.ownerId ?? assert.fail("the lane has no owner");
  const laneSteps = [...orders.witnessed.laneSteps, batch(owner, 2, "a zombie")];
  assertFound(judge(orders, { laneSteps }), "I5", /lanes of .* were moved by .* and sluice-writer\/a zombie/);
});

test("the oracle finds what was written without the fence", async (t) => {
  const orders = await playOrders(t);
  assertFound(judge(orders, { strays: [{ what: "history", id: "r1" }] }), "I5", /moved no lane/);
});

test("the oracle finds a late answer that was acknowledged and is lost", async (t) => {
  const orders = await playOrders(t);
  const { commandId, runId } = effectOf(orders, "Charge");
  assertFound(
    judge(orders, { owed: [{ commandId, runId, told: "done" }] }),
    "I6",
    /late answer .* stands 0 times/,
  );
});

test("the oracle finds a run that nobody can move any more", async (t) => {
  const orders = await playOrders(t);
  const stuck = withHistory(orders, (history) => {
    const entries = history.entries.slice(0, 1);
    const commands = [{ id: `${history.run.runId}:1:0`, type: "Count", channel: "stock", data: {} }];
    const [command] = commands.map(
      (each) => ({ ...each, attempt: 1, phase: "delivered", purpose: "do" }) as const,
    );
    const run = {
      ...history.run,
      version: 1,
      state: "counting",
      outcome: null,
      steps: [],
      commands: command ? [command] : [],
    };
    return { ...history, run, entries };
  });
  assertFound(judge(orders, stuck), "I3", /stays in state counting for ever/);
});
