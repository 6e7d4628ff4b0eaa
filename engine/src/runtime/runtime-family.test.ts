/** Runs that start runs, in the whole engine: one lane, one transaction, and nobody forgotten. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { JsonObject } from "@sluice/contracts/envelope";
import { createEngine } from "../create-engine.ts";
import type { Engine } from "../create-engine.ts";
import type { CommandDefinition, FlowDefinition, JoinDefinition, StateDefinition } from "../core/flow.ts";
import { laneOf } from "../core/lane.ts";
import type { Run } from "../core/run.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { CHILD_DEPTH_MAX, childRunId } from "./family.ts";
import {
  assertSound,
  failing,
  memoryDatabase,
  operate,
  startEngine,
  transactional,
  until,
} from "./fixtures/memory-engine.ts";
import type { CommitFailure, TestParts } from "./fixtures/memory-engine.ts";

const OBJECT = { type: "object" };

/** Hires a guide, who waits until the trip is over. */
const guide: FlowDefinition = {
  name: "guide",
  version: 1,
  data: { type: "object", required: ["place"] },
  events: { Hired: OBJECT, Fired: OBJECT, Returned: OBJECT, Eaten: OBJECT, Broken: OBJECT },
  commands: {
    Hire: { channel: "agency", answers: ["Hired"] },
    Fire: { channel: "agency", answers: ["Fired"] },
  },
  initial: "hiring",
  states: {
    hiring: {
      send: { Hire: "data" },
      undo: { Hire: { send: { Fire: "command" } } },
      on: { Hired: "waiting" },
    },
    waiting: {
      on: {
        Returned: "back",
        Eaten: "eaten",
        Broken: { guard: () => assert.fail("this rule is broken"), target: "back" },
      },
    },
    back: { final: "back" },
    eaten: { final: "eaten" },
  },
};

const TAKE_GUIDE: CommandDefinition = {
  flow: "guide",
  outcomes: { back: "GuideBack", canceled: "GuideLost" },
};

/** Goes on a trip; its other states are final. */
function tripWith(
  guided: StateDefinition,
  finals: readonly string[],
  command: CommandDefinition = TAKE_GUIDE,
): FlowDefinition {
  return {
    name: "trip",
    version: 1,
    events: { GuideBack: OBJECT, ...(finals.includes("lost") ? { GuideLost: OBJECT } : {}), Stormed: OBJECT },
    commands: { TakeGuide: command },
    initial: "guided",
    states: { guided, ...Object.fromEntries(finals.map((name) => [name, { final: name }])) },
  };
}

/** Goes on a trip with one guide. */
const trip = tripWith(
  {
    send: { TakeGuide: { pick: ["place"] } },
    on: { GuideBack: { target: "over", update: "merge" }, GuideLost: "lost", Stormed: "home" },
  },
  ["over", "lost", "home"],
);

/** The agency hires and fires at once, and counts. */
class Agency {
  readonly calls: string[] = [];
  readonly participant = transactional("agency", ["Hire", "Fire"], ({ type }) => {
    this.calls.push(type);
    return { type: type === "Hire" ? "Hired" : "Fired", data: {} };
  });
}

interface World {
  readonly engine: Engine;
  readonly agency: Agency;
  start(data?: JsonObject, flow?: string): Promise<string>;
  run(runId: string): Promise<Run>;
  send(runId: string, type: string): Promise<unknown>;
  /** The runs that a run waits for. */
  children(runId: string): Promise<string[]>;
}

async function open(
  t: TestContext,
  flows: readonly FlowDefinition[] = [trip, guide],
  parts: Partial<TestParts> = {},
): Promise<World> {
  const agency = new Agency();
  const engine = await startEngine(t, memoryDatabase(), {
    flows,
    participants: [agency.participant],
    ...parts,
  });
  return worldOf(engine, agency);
}

function worldOf(engine: Engine, agency: Agency): World {
  const { client } = engine;
  const run = (runId: string) => client.require(runId);
  return {
    engine,
    agency,
    run,
    start: async (data = { place: "Rome" }, flow = "trip") => (await client.start(flow, { data })).runId,
    send: (runId, type) => client.send(runId, { type, data: {} }),
    children: async (runId) => (await run(runId)).commands.flatMap(({ childId }) => childId ?? []),
  };
}

/** The only child of a run. */
async function childOf(world: World, runId: string): Promise<string> {
  const [child, ...others] = await world.children(runId);
  assert.ok(child !== undefined && others.length === 0, "the run waits for one child");
  return child;
}

const kindsOf = async (world: World, runId: string) => {
  const { items } = await world.engine.client.history({ runId, limit: 50 });
  return items.map(({ kind, type }) => [kind, type]);
};

describe("a child run", () => {
  test("lives in its parent's lane under an id that follows from the command, and its end is the parent's answer", async (t) => {
    const world = await open(t);
    const parent = await world.start();
    const { commands, lane } = await world.run(parent);
    const child = await childOf(world, parent);
    assert.equal(child, childRunId(commands[0]?.id ?? "", lane, 4));
    assert.equal(laneOf(child, 4), lane);
    const { parent: link, data, state, flow } = await world.run(child);
    assert.deepEqual(link, { runId: parent, commandId: commands[0]?.id, depth: 1 });
    assert.deepEqual([flow, state, data], ["guide", "waiting", { place: "Rome" }]);
    await world.send(child, "Returned");
    assert.equal((await world.run(parent)).outcome, "over");
    assert.deepEqual(await kindsOf(world, parent), [
      ["started", undefined],
      ["command-delivered", "TakeGuide"],
      ["event", "GuideBack"],
    ]);
    await assertSound(world.engine);
  });

  test("that ends as it begins answers within the batch that started it", async (t) => {
    const { back = {} } = guide.states;
    const brief: FlowDefinition = { ...guide, initial: "back", states: { back } };
    const world = await open(t, [trip, brief]);
    const parent = await world.start();
    assert.equal((await world.run(parent)).outcome, "over");
    await assertSound(world.engine);
  });

  test("with data its flow refuses parks the parent, and is started from a dead letter when the flow takes it", async (t) => {
    const database = memoryDatabase();
    const agency = new Agency();
    const parts = { participants: [agency.participant] };
    const first = await startEngine(t, database, { flows: [trip, guide], ...parts });
    const parent = await worldOf(first, agency).start({ town: "Rome" });
    const parked = await first.client.require(parent);
    assert.deepEqual([parked.parked, parked.commands[0]?.phase], ["command-refused", "delivered"]);
    const [letter] = (await first.store.listDeadLetters({ limit: 10 })).items;
    assert.match(letter?.error?.message ?? "", /the data of a run of guide breaks its schema/);
    await assertSound(first);
    await first.stop();
    const anywhere: FlowDefinition = { ...guide, version: 2, data: OBJECT };
    const second = await startEngine(t, database, {
      engineId: "engine-2",
      flows: [trip, guide, anywhere],
      ...parts,
    });
    const world = worldOf(second, agency);
    await operate(second, parent, { type: "redrive" });
    const child = await childOf(world, parent);
    assert.equal((await world.run(child)).flowVersion, 2);
    await world.send(child, "Returned");
    assert.equal((await world.run(parent)).outcome, "over");
    await assertSound(second);
  });

  test("of a flow that is not served parks the parent", async (t) => {
    const world = await open(t, [trip]);
    const parent = await world.start();
    assert.equal((await world.run(parent)).parked, "command-refused");
    const [letter] = (await world.engine.store.listDeadLetters({ limit: 10 })).items;
    assert.equal(letter?.error?.code, "FLOW_UNKNOWN_FLOW");
  });

  test("needs data of its own, not a bare value", async (t) => {
    const world = await open(t, [
      tripWith({ send: { TakeGuide: () => 7 }, on: { GuideBack: "over", commandFailed: "lost" } }, [
        "over",
        "lost",
      ]),
      guide,
    ]);
    assert.equal((await world.run(await world.start())).outcome, "lost");
  });

  test("whose outcome the parent does not know parks the parent, which an operator sets free", async (t) => {
    const world = await open(t);
    const parent = await world.start();
    await world.send(await childOf(world, parent), "Eaten");
    assert.equal((await world.run(parent)).parked, "command-refused");
    await operate(world.engine, parent, { type: "redrive" });
    assert.equal((await world.run(parent)).parked, "command-refused", "the child's end stays what it is");
    await operate(world.engine, parent, { type: "force", state: "home" });
    assert.equal((await world.run(parent)).outcome, "home");
    await assertSound(world.engine);
  });

  test("that ends while its parent is parked is told when the parent goes on", async (t) => {
    let isBroken = true;
    const guard = () => (isBroken ? assert.fail("this rule is broken") : false);
    const world = await open(t, [
      tripWith(
        {
          send: { TakeGuide: "data" },
          on: { GuideBack: "over", GuideLost: "lost", Stormed: { guard, target: "home" } },
        },
        ["over", "lost", "home"],
      ),
      guide,
    ]);
    const parent = await world.start();
    const child = await childOf(world, parent);
    await world.send(parent, "Stormed");
    await world.send(child, "Returned");
    assert.deepEqual(
      [(await world.run(parent)).parked, (await world.run(child)).outcome],
      ["rule-failed", "back"],
    );
    await assertSound(world.engine);
    isBroken = false;
    await operate(world.engine, parent, { type: "redrive" });
    assert.equal((await world.run(parent)).outcome, "over");
    await assertSound(world.engine);
  });

  test("finds its parent again after the engine that started both has died", async (t) => {
    const database = memoryDatabase();
    const agency = new Agency();
    const dying = createMemoryStore({ database, engineId: "engine-1" });
    const first = await startEngine(t, database, {
      flows: [trip, guide],
      participants: [agency.participant],
      store: dying,
      options: { stopMs: 0 },
    });
    const parent = await worldOf(first, agency).start();
    const child = await childOf(worldOf(first, agency), parent);
    await dying.close();
    const second = await startEngine(t, database, {
      engineId: "engine-2",
      flows: [trip, guide],
      participants: [agency.participant],
    });
    const world = worldOf(second, agency);
    await world.send(child, "Returned");
    assert.equal((await second.client.waitFinal(parent, 5_000))?.outcome, "over");
    await assertSound(second);
  });
});

describe("a family of which an engine serves only one", () => {
  /** An engine that alone has all the lanes, and a trip that has begun with a guide, both of which it took over. */
  async function openPart(t: TestContext, served: readonly FlowDefinition[]) {
    const database = memoryDatabase();
    const agency = new Agency();
    const parts = { participants: [agency.participant] };
    // Made before there is a run that it would have to serve, as the older engine of a deployment is.
    const part = await createEngine({
      store: createMemoryStore({ database, engineId: "part" }),
      flows: served,
      options: { lanes: 4, leaseMs: 300 },
      ...parts,
    });
    t.after(() => part.stop());
    const whole = await startEngine(t, database, { flows: [trip, guide], ...parts });
    const parent = await worldOf(whole, agency).start();
    const child = await childOf(worldOf(whole, agency), parent);
    await whole.stop();
    await part.start();
    const again = async (): Promise<World> => {
      await part.stop();
      const next = await startEngine(t, database, { engineId: "again", flows: [trip, guide], ...parts });
      return worldOf(next, agency);
    };
    return { parent, child, part: worldOf(part, agency), again };
  }

  test("keeps the end of a child for one that serves the parent", async (t) => {
    const { parent, child, part, again } = await openPart(t, [guide]);
    await part.send(child, "Returned");
    assert.equal((await part.run(child)).outcome, "back");
    assert.equal((await part.engine.store.totals()).inbox, 1);
    await assertSound(part.engine);
    const whole = await again();
    assert.equal((await whole.engine.client.waitFinal(parent, 5_000))?.outcome, "over");
    assert.equal((await whole.engine.store.totals()).inbox, 0);
    await assertSound(whole.engine);
  });

  test("keeps the end of the wait for one that serves the child", async (t) => {
    const { parent, child, part, again } = await openPart(t, [trip]);
    await part.send(parent, "Stormed");
    assert.equal((await part.run(child)).outcome, null);
    const whole = await again();
    assert.equal((await whole.engine.client.waitFinal(child, 5_000))?.outcome, "canceled");
    assert.equal((await part.run(parent)).outcome, "home");
    await assertSound(whole.engine);
  });
});

describe("a child that is not waited for any more", () => {
  test("is canceled, and takes back what it did", async (t) => {
    const world = await open(t);
    const parent = await world.start();
    const child = await childOf(world, parent);
    await world.send(parent, "Stormed");
    const canceled = await world.run(child);
    assert.deepEqual([canceled.outcome, (await world.run(parent)).outcome], ["canceled", "home"]);
    assert.deepEqual(world.agency.calls, ["Hire", "Fire"]);
    const { items } = await world.engine.client.history({ runId: child, limit: 50 });
    assert.deepEqual(items.find(({ kind }) => kind === "canceled")?.by, "sluice");
    await assertSound(world.engine);
  });

  test("goes on where its command says so, and its end is nobody's", async (t) => {
    const world = await open(t, [
      tripWith(
        { send: { TakeGuide: "data" }, on: { GuideBack: "over", Stormed: "home" } },
        ["over", "home"],
        { flow: "guide", outcomes: { back: "GuideBack" }, whenLeft: "keep" },
      ),
      guide,
    ]);
    const parent = await world.start();
    const child = await childOf(world, parent);
    await world.send(parent, "Stormed");
    assert.equal((await world.run(child)).state, "waiting");
    await world.send(child, "Returned");
    assert.deepEqual([(await world.run(child)).outcome, (await world.run(parent)).version], ["back", 3]);
    await assertSound(world.engine);
  });

  test("is canceled with its own children, down to the last generation", async (t) => {
    const agencyTrip: FlowDefinition = {
      ...trip,
      name: "tour",
      commands: { TakeGuide: { flow: "trip", outcomes: { over: "GuideBack", canceled: "GuideLost" } } },
    };
    const world = await open(t, [agencyTrip, trip, guide]);
    const tour = await world.start({ place: "Rome" }, "tour");
    const middle = await childOf(world, tour);
    const last = await childOf(world, middle);
    await operate(world.engine, tour, { type: "cancel", compensate: true });
    const outcomes = await Promise.all([tour, middle, last].map(async (id) => (await world.run(id)).outcome));
    assert.deepEqual(outcomes, ["canceled", "canceled", "canceled"]);
    assert.deepEqual(world.agency.calls, ["Hire", "Fire"]);
    await assertSound(world.engine);
  });

  test("is canceled also when it is parked, with its dead letters", async (t) => {
    const world = await open(t);
    const parent = await world.start();
    const child = await childOf(world, parent);
    await world.send(child, "Broken");
    await world.send(child, "Returned");
    assert.equal((await world.run(child)).parked, "rule-failed");
    await world.send(parent, "Stormed");
    const canceled = await world.run(child);
    assert.deepEqual([canceled.outcome, canceled.parked], ["canceled", null]);
    assert.deepEqual((await world.engine.store.listDeadLetters({ limit: 10 })).items, []);
    await assertSound(world.engine);
  });

  test("is canceled also when it is taking steps back already", async (t) => {
    const silent = transactional("agency", ["Hire", "Fire"], ({ type }) =>
      type === "Hire" ? { type: "Hired", data: {} } : null,
    );
    const { hiring = {}, eaten = {} } = guide.states;
    const regretful: FlowDefinition = {
      ...guide,
      states: {
        hiring,
        waiting: { on: { Returned: { target: "again", compensate: true } } },
        again: { on: { Eaten: "eaten" } },
        eaten,
      },
    };
    const world = await open(t, [trip, regretful], { participants: [silent] });
    const parent = await world.start();
    const child = await childOf(world, parent);
    await world.send(child, "Returned");
    await world.send(parent, "Stormed");
    assert.equal((await world.run(child)).state, "compensating");
    await world.send(child, "Fired");
    assert.equal((await world.run(child)).outcome, "canceled");
    await assertSound(world.engine);
  });

  test("is told by an operator's cancellation of it as by any other end", async (t) => {
    const world = await open(t);
    const parent = await world.start();
    await operate(world.engine, await childOf(world, parent), { type: "cancel", compensate: false });
    assert.equal((await world.run(parent)).outcome, "lost");
    await assertSound(world.engine);
  });

  test("is left alone by a retry of its parent, since its end cannot get lost", async (t) => {
    const world = await open(t);
    const answer = await operate(world.engine, await world.start(), { type: "retry" });
    assert.equal(answer.outcome === "rejected" ? answer.error.code : "", "FLOW_NOTHING_TO_RETRY");
  });

  test("is canceled although the batch had to be decided twice", async (t) => {
    for (const failure of ["before", "after"] as const) {
      const database = memoryDatabase();
      const failures: CommitFailure[] = [];
      const agency = new Agency();
      const engine = await startEngine(t, database, {
        flows: [trip, guide],
        participants: [agency.participant],
        store: failing(createMemoryStore({ database, engineId: "engine-1" }), failures),
      });
      const world = worldOf(engine, agency);
      const parent = await world.start();
      const child = await childOf(world, parent);
      failures.push(failure);
      await until("the storm is taken in", () =>
        engine.client.send(parent, { id: "storm", type: "Stormed", data: {} }).then(
          () => true,
          () => false,
        ),
      );
      assert.equal((await engine.client.waitFinal(child, 5_000))?.outcome, "canceled", failure);
      await assertSound(engine);
    }
  });
});

describe("many children of one run", () => {
  const crew = (join: JoinDefinition): FlowDefinition =>
    tripWith(
      {
        send: { TakeGuide: { each: "/places", as: "place" } },
        on: {
          GuideBack: { update: ({ data }) => ({ ...data, back: Number(data["back"] ?? 0) + 1 }) },
          GuideLost: "lost",
        },
        join,
      },
      ["over", "lost"],
    );

  test("that end in one batch are all counted", async (t) => {
    const world = await open(t, [crew({ wait: "all", then: "over" }), guide], {
      options: { lanes: 1, writers: 1 },
    });
    const parent = await world.start({ places: ["Rome", "Bari", "Como"] });
    const children = await world.children(parent);
    assert.equal(new Set(children).size, 3);
    await Promise.all(children.map((child) => world.send(child, "Returned")));
    const run = await world.run(parent);
    assert.deepEqual([run.outcome, run.data["back"]], ["over", 3]);
    await assertSound(world.engine);
  });

  test("are canceled when the first is back, if one is enough", async (t) => {
    const world = await open(t, [crew({ wait: "any", then: "over" }), guide]);
    const parent = await world.start({ places: ["Rome", "Bari", "Como"] });
    const [first, ...others] = await world.children(parent);
    await world.send(first ?? "", "Returned");
    assert.equal((await world.run(parent)).outcome, "over");
    for (const child of others) assert.equal((await world.run(child)).outcome, "canceled");
    assert.deepEqual(world.agency.calls.toSorted(), ["Fire", "Fire", "Hire", "Hire", "Hire"]);
    await assertSound(world.engine);
  });

  test("may be a thousand", { timeout: 60_000 }, async (t) => {
    const world = await open(t, [crew({ wait: "all", then: "over" }), guide]);
    const parent = await world.start({ places: Array.from({ length: 1_000 }, (_, n) => `place ${n}`) });
    assert.equal((await world.children(parent)).length, 1_000);
    await operate(world.engine, parent, { type: "cancel", compensate: true });
    assert.equal(world.agency.calls.length, 2_000);
    await assertSound(world.engine);
  });
});

describe("generations", () => {
  test("end at CHILD_DEPTH_MAX, and whoever goes on without end is told", async (t) => {
    const nest: FlowDefinition = {
      name: "nest",
      version: 1,
      events: { Hatched: OBJECT },
      commands: { Lay: { flow: "nest", outcomes: { hatched: "Hatched" } } },
      initial: "laying",
      states: {
        laying: { send: { Lay: "data" }, on: { Hatched: "hatched", commandFailed: "hatched" } },
        hatched: { final: "hatched" },
      },
    };
    for (const roundsMax of [2, 100]) {
      const world = await open(t, [nest], { options: { roundsMax } });
      const first = await world.start({}, "nest");
      assert.equal((await world.engine.client.waitFinal(first, 5_000))?.outcome, "hatched");
      await until("the outbox is settled", async () => (await world.engine.store.totals()).outboxDepth === 0);
      const { runs } = await world.engine.store.audit({ quiet: false });
      assert.equal(runs, CHILD_DEPTH_MAX + 1, `in rounds of ${roundsMax}`);
      await assertSound(world.engine);
    }
  });
});
