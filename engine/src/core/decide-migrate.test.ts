import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CompiledFlow } from "./compile-flow.ts";
import { NOW_MS, RUN_ID, flowOf, rejectedWith, startedIn } from "./fixtures/drive.ts";
import type { Drive } from "./fixtures/drive.ts";
import type { FlowDefinition, MigrationDefinition, StateDefinition } from "./flow.ts";

type States = Record<string, StateDefinition>;
type More = Partial<FlowDefinition>;

const ORDER: States = {
  first: { send: { Ship: "data" }, on: { Shipped: "second" } },
  second: { on: { Paid: "end" } },
  end: { final: "end" },
};

function started(states: States = {}, more: More = {}): Drive {
  return startedIn(flowOf({ ...ORDER, ...states }, more));
}

/** The next version of the flow, and how runs of version 1 come to it. */
function next(
  states: States = {},
  migration: Omit<MigrationDefinition, "from"> = {},
  more: More = {},
): CompiledFlow {
  const migrations = [{ from: 1, ...migration }];
  return flowOf({ ...ORDER, ...states }, { version: 2, migrations, ...more });
}

const dueAfter = (drive: Drive) => drive.run.timers.map(({ kind, dueAtMs }) => [kind, dueAtMs - NOW_MS]);

describe("migration", () => {
  test("moves a run on its state, with its commands under way under their ids", () => {
    const drive = started();
    const { id } = drive.command;
    const { entry, send } = drive.migrate(next({ first: { ...ORDER["first"], businessState: "open" } }));
    assert.deepEqual([entry?.kind, entry?.type, entry?.state, send], ["migrated", "migrate", "first", []]);
    assert.deepEqual([drive.run.flowVersion, drive.run.businessState, drive.command.id], [2, "open", id]);
    drive.answer("Shipped");
    assert.equal(drive.run.state, "second");
  });

  test("maps states to their new names, and data by a function or by single values", () => {
    const renamed: States = { sent: { on: { Tick: "end" } } };
    const byFunction = started();
    byFunction.answer("Shipped");
    byFunction.migrate(next(renamed, { states: { second: "sent" }, data: (data) => ({ ...data, more: 1 }) }));
    assert.deepEqual([byFunction.run.state, byFunction.run.data], ["sent", { id: 1, more: 1 }]);
    const bySet = started();
    bySet.answer("Shipped");
    const set = { "/copy": { from: "/data/id" }, "/n": { value: 7 } };
    bySet.migrate(next(renamed, { states: { second: { target: "sent" } }, data: { set } }));
    assert.deepEqual([bySet.run.state, bySet.run.dataText], ["sent", '{"id":1,"copy":1,"n":7}']);
  });

  test("is asked for once by its id, also when the run has moved since", () => {
    const drive = started();
    const to = next();
    const operation = { type: "migrate", toVersion: 2 } as const;
    const input = { kind: "operation", runId: RUN_ID, id: "m", operation, by: "ann", reason: null } as const;
    drive.input(input, to);
    assert.deepEqual(drive.input(input, to).answer, { outcome: "applied", version: 2, isRepeat: true });
  });

  test("to a version that says nothing about the run's own is refused", () => {
    const drive = started();
    const decision = drive.migrate(next({}, {}, { migrations: [{ from: 7 }] }));
    assert.equal(rejectedWith(decision), "FLOW_MIGRATION_MISSING");
    assert.match(JSON.stringify(decision.answer), /expected one of: 7/);
    const none = drive.migrate(next({}, {}, { migrations: [] }));
    assert.match(JSON.stringify(none.answer), /version 2 of flow \S+ has no `migrations`; add one from 1/);
  });

  test("of a run that is of that version already, or of a newer one, is refused", () => {
    const drive = started();
    drive.migrate(next());
    for (const to of [next(), flowOf(ORDER)]) {
      const decision = drive.migrate(to);
      assert.equal(rejectedWith(decision), "FLOW_MIGRATION_REFUSED");
      const told = new RegExp(`is of version 2 .* expected an older one than version ${to.version}`);
      assert.match(JSON.stringify(decision.answer), told);
    }
  });

  test("of a state that has no place in the new version is refused", () => {
    const drive = started({ middle: { on: { Paid: "end" } }, first: { on: { Tick: "middle" } } });
    drive.event("Tick");
    assert.equal(rejectedWith(drive.migrate(next())), "FLOW_MIGRATION_REFUSED");
    assert.equal(
      rejectedWith(drive.migrate(next({}, { states: { middle: "nowhere" } }))),
      "FLOW_MIGRATION_REFUSED",
    );
  });

  test("with data that breaks the new schema, or a function that throws, is refused", () => {
    const drive = started();
    const schema = { data: { must: "seat" } };
    assert.equal(rejectedWith(drive.migrate(next({}, {}, schema))), "FLOW_BAD_DATA");
    const data = () => {
      throw new Error("cannot map this");
    };
    assert.equal(rejectedWith(drive.migrate(next({}, { data }))), "FLOW_BAD_DATA");
    drive.migrate(next({}, { data: (old) => ({ ...old, seat: 1 }) }, schema));
    assert.equal(drive.run.flowVersion, 2);
  });

  test("is refused while a command is under way that the new state does not send", () => {
    const drive = started();
    const other = drive.migrate(next({ first: { send: { Ask: "data" }, on: { Paid: "end" } } }));
    assert.equal(rejectedWith(other), "FLOW_MIGRATION_REFUSED");
    const commands = { Ship: { channel: "elsewhere", answers: ["Shipped"] } };
    assert.equal(rejectedWith(drive.migrate(next({}, {}, { commands }))), "FLOW_MIGRATION_REFUSED");
    const polling = started({ first: { poll: { send: { Ask: "data" }, every: "1s" }, on: { Paid: "end" } } });
    polling.fire("poll");
    const unpolled = polling.migrate(next({ first: { on: { Paid: "end" } } }));
    assert.equal(rejectedWith(unpolled), "FLOW_MIGRATION_REFUSED");
  });

  test("into a state whose commands nobody has sent is refused, unless something else would move the run on", () => {
    const waiting = started();
    waiting.answer("Shipped");
    const asking: StateDefinition = { send: { Ask: "data" }, on: { Paid: "end" } };
    const decision = waiting.migrate(next({ second: asking }));
    assert.equal(rejectedWith(decision), "FLOW_MIGRATION_REFUSED");
    assert.match(
      JSON.stringify(decision.answer),
      /nothing would move the run on in state second of version 2/,
    );
    assert.equal(rejectedWith(waiting.migrate(next({ second: asking }), null)), "FLOW_MIGRATION_REFUSED");
    waiting.migrate(next({ second: asking }, { states: { second: { target: "second", enter: true } } }));
    assert.deepEqual(waiting.underWay, ["Ask"]);
    const timed = started();
    timed.answer("Shipped");
    timed.migrate(next({ second: { ...asking, after: { delay: "1s", target: "end" } } }));
    assert.equal(timed.run.flowVersion, 2);
  });

  test("into a final state ends the run, unless a command is under way", () => {
    const drive = started();
    const to = next({}, { states: { first: "end", second: "end" } });
    assert.equal(rejectedWith(drive.migrate(to)), "FLOW_MIGRATION_REFUSED");
    drive.answer("Shipped");
    drive.migrate(to);
    assert.deepEqual([drive.run.outcome, drive.run.timers], ["end", []]);
  });

  test("into a join that has nothing to wait for passes it", () => {
    const drive = started();
    drive.answer("Shipped");
    drive.migrate(
      next({ second: { send: { Ship: "data" }, on: { Shipped: {} }, join: { wait: "all", then: "end" } } }),
    );
    assert.equal(drive.run.outcome, "end");
  });
});

describe("migration that enters the state afresh", () => {
  const again = { states: { first: { target: "first", enter: true } } };

  test("sends its commands and sets its timers anew, and gives up what was under way", () => {
    const drive = started();
    const { id } = drive.command;
    const { send } = drive.migrate(
      next(
        { first: { send: { Ask: "data" }, on: { Paid: "end" }, after: { delay: "1s", target: "end" } } },
        again,
      ),
    );
    assert.deepEqual([send.map(({ type }) => type), drive.kinds], [["Ask"], ["after"]]);
    assert.equal(
      drive.settle({ type: "answered", event: { type: "Shipped", data: {} } }, id).answer.outcome,
      "stale",
    );
  });

  test("remembers what may have to be taken back, as far as the old version is known", () => {
    const undo = { Ship: { send: { Ask: "data" as const } } };
    const known = started({ first: { ...ORDER["first"], undo } });
    known.migrate(next({}, again));
    assert.deepEqual(known.steps, ["Ship"]);
    const unknown = started({ first: { ...ORDER["first"], undo } });
    unknown.migrate(next({}, again), null);
    assert.deepEqual(unknown.steps, []);
  });
});

describe("timers under a new version", () => {
  const timed = (delay: `${number}s`, more: StateDefinition = {}): StateDefinition => ({
    ...ORDER["first"],
    after: { delay, target: "end" },
    ...more,
  });

  test("keep their beginning and take their new delay; one that is past fires at once", () => {
    const drive = started({ first: timed("60s", { deadline: { delay: "2m", target: "end" } }) });
    drive.nowMs += 30_000;
    drive.migrate(next({ first: timed("10s", { deadline: { delay: "5m", target: "end" } }) }));
    assert.deepEqual(dueAfter(drive), [
      ["after", 10_000],
      ["deadline", 300_000],
    ]);
    drive.fire("after");
    assert.equal(drive.run.outcome, "end");
  });

  test("that did not change are not set again", () => {
    const drive = started({ first: timed("60s") }, { deadline: { delay: "1h", target: "end" } });
    const before = drive.run.timers;
    drive.migrate(next({ first: timed("60s") }, {}, { deadline: { delay: "1h", target: "end" } }));
    assert.deepEqual(
      drive.run.timers.toSorted((a, b) => a.number - b.number),
      before,
    );
  });

  test("that are new count from the entry into the state, or from the start of the run", () => {
    const drive = started();
    drive.nowMs += 100_000;
    drive.answer("Shipped");
    drive.nowMs += 100_000;
    const second: StateDefinition = { ...ORDER["second"], after: { delay: "5s", target: "end" } };
    drive.migrate(next({ second }, {}, { deadline: { delay: "1h", target: "end" } }));
    assert.deepEqual(dueAfter(drive), [
      ["flow-deadline", 3_600_000],
      ["after", 105_000],
    ]);
  });

  test("that are gone are cleared", () => {
    const drive = started({ first: timed("60s") }, { deadline: { delay: "1h", target: "end" } });
    drive.migrate(next());
    assert.deepEqual(drive.run.timers, []);
  });

  test("that have fired do not fire again", () => {
    const ticking = (delay: `${number}s`): StateDefinition => ({
      ...ORDER["first"],
      on: { Shipped: "second", Tick: {} },
      after: [
        { delay, event: "Tick" },
        { delay: "1000s", target: "end" },
      ],
    });
    const more: More = { deadline: { delay: "5s", event: "Tick" } };
    const drive = started({ first: ticking("1s") }, more);
    drive.fire("after");
    drive.fire("flow-deadline");
    drive.migrate(next({ first: ticking("2s") }, {}, { deadline: { delay: "6s", event: "Tick" } }));
    assert.deepEqual(dueAfter(drive), [["after", 1_000_000]]);
    const unknown = started({ first: ticking("1s") }, more);
    unknown.fire("after");
    unknown.migrate(next({ first: ticking("2s") }), null);
    assert.deepEqual(unknown.kinds, ["after", "after"], "without the old version nobody can know");
  });

  test("of a deadline keep the begin of the whole visit", () => {
    const first = (delay: `${number}s`): StateDefinition => ({
      on: { Tick: "first" },
      deadline: { delay, target: "end" },
    });
    const drive = started({ first: first("100s") });
    drive.nowMs += 50_000;
    drive.event("Tick");
    drive.migrate(next({ first: first("60s") }));
    assert.deepEqual(dueAfter(drive), [["deadline", 60_000]]);
  });

  test("of a retry or a query that waits go on", () => {
    const polling: States = {
      first: {
        send: { Ship: "data" },
        poll: { send: { Ask: "data" }, every: "10s" },
        on: { Paid: "end", Shipped: "end" },
      },
    };
    const drive = started(polling);
    drive.fail("unavailable");
    const before = drive.run.timers;
    drive.migrate(next(polling));
    assert.deepEqual(drive.run.timers, before);
  });

  test("of a poll that is new begin to ask, and those of one that is gone do not", () => {
    const poll = {
      send: { Ask: "data" as const },
      every: "10s",
      giveUp: { delay: "60s", target: "end" },
    } as const;
    const polling: States = { first: { poll, on: { Paid: "end" } } };
    const silent: States = { first: { on: { Paid: "end" } } };
    const begun = started(silent);
    begun.migrate(next(polling));
    assert.deepEqual(dueAfter(begun), [
      ["give-up", 60_000],
      ["poll", 10_000],
    ]);
    const over = started(polling);
    over.migrate(next(silent));
    assert.deepEqual(over.run.timers, []);
    const asking = started(polling);
    asking.fire("poll");
    asking.migrate(next(polling));
    assert.deepEqual([asking.underWay, asking.kinds], [["Ask"], ["give-up"]]);
  });
});

describe("migration of a run that takes steps back", () => {
  const first: StateDefinition = {
    ...ORDER["first"],
    undo: { Ship: { send: { Ask: "data" }, retry: { attempts: 2, first: "7s", jitter: "none" } } },
  };
  const storm: States = {
    first,
    second: { on: { Tick: { target: "sorry", compensate: true } } },
    sorry: { on: { Paid: "end" } },
  };

  function compensating(): Drive {
    const drive = started(storm, { deadline: { delay: "1h", target: "end" } });
    drive.answer("Shipped");
    drive.event("Tick");
    assert.equal(drive.run.state, "compensating");
    return drive;
  }

  test("keeps the undo under way, maps the target, and knows its steps by their new names", () => {
    const drive = compensating();
    const { id } = drive.command;
    const states: States = { begin: first, regret: { on: { Paid: "end" } } };
    const more: More = { deadline: { delay: "2h", target: "end" } };
    drive.migrate(next(states, { states: { first: "begin", sorry: "regret" } }, more));
    assert.deepEqual(
      [drive.run.state, drive.command.id, drive.run.compensation?.target],
      ["compensating", id, "regret"],
    );
    drive.fail("unavailable");
    assert.equal(drive.last?.entry?.nextAtMs, drive.nowMs + 7_000);
    drive.settle({ type: "answered", event: { type: "Paid", data: {} } });
    assert.equal(drive.run.state, "regret");
    assert.deepEqual(dueAfter(drive), [["flow-deadline", 7_200_000]]);
  });

  test("is refused when the target has no place, or an undo is not known", () => {
    const drive = compensating();
    assert.equal(rejectedWith(drive.migrate(next())), "FLOW_MIGRATION_REFUSED");
    const commands = { Ship: { channel: "stock", answers: ["Shipped"] } };
    assert.equal(
      rejectedWith(drive.migrate(next({ sorry: {} }, {}, { commands }))),
      "FLOW_MIGRATION_REFUSED",
    );
    const before = started(storm);
    before.answer("Shipped");
    assert.equal(rejectedWith(before.migrate(next({}, {}, { commands }))), "FLOW_MIGRATION_REFUSED");
  });

  test("tries an undo by the usual policy where its state is gone", () => {
    const drive = compensating();
    const { first: _, ...others } = { ...ORDER, ...storm };
    const to = flowOf(others, { version: 2, migrations: [{ from: 1 }], initial: "second" });
    drive.migrate({ ...to, states: new Map([...to.states].filter(([name]) => name !== "first")) });
    drive.fail("unavailable");
    drive.fail("unavailable");
    assert.equal(drive.run.parked, null);
    assert.equal(drive.command.phase, "waiting");
  });
});

describe("migration of a parked run", () => {
  const broken = () => {
    throw new Error("rule is broken");
  };

  test("leaves it parked, and its letters are redriven under the new version", () => {
    const drive = started({
      first: { ...ORDER["first"], on: { Shipped: { target: "second", update: broken } } },
    });
    drive.answer("Shipped");
    drive.event("Paid");
    drive.migrate(next());
    assert.deepEqual([drive.run.parked, drive.letters.length], ["rule-failed", 2]);
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.outcome, drive.letters], ["end", []]);
  });

  test("keeps the timer that parked it, so that it fires in its place", () => {
    const ticking = (update: () => { id: number }): StateDefinition => ({
      after: { delay: "1s", event: "Tick" },
      on: { Tick: { target: "second", update } },
    });
    const drive = started({ first: ticking(broken) });
    drive.fire("after");
    drive.event("Paid");
    drive.migrate(next({ first: ticking(() => ({ id: 2 })) }));
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.outcome, drive.letters], ["end", []]);
  });

  test("into a final state ends it, and what waited is told that it came too late", () => {
    const drive = started({ first: { on: { Tick: { update: broken } } } });
    drive.event("Tick");
    drive.event("Paid");
    drive.migrate(next({}, { states: { first: "end" } }));
    assert.deepEqual([drive.run.outcome, drive.run.parked, drive.letters], ["end", null, []]);
    assert.deepEqual([drive.history.at(-1)?.kind, drive.history.at(-1)?.letter], ["unexpected", 3]);
  });
});
