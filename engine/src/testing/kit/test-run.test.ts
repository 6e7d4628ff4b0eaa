/** Runs on a test engine: the real engine in virtual time, with fake participants and operators. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowDefinition } from "../../core/flow.ts";
import { fakeParticipant } from "./fake-participant.ts";
import { openTripEngine, startTrip, tripData, tripParticipants } from "./fixtures/open-trip.ts";
import { report, trip, tripRenamed, voucher } from "./fixtures/trip.flow.ts";
import { event } from "./happening.ts";
import { answer, fail, later } from "./reaction.ts";
import { testEngine, testRun } from "./test-engine.ts";
import { ENTRIES_MAX } from "./virtual-time.ts";

const WHOLE_WAY = ["holding", "charging", "printing", "thanking", "done"] as const;

describe("a run of a test engine", () => {
  it("goes its way as far as participants answer, in no time", async () => {
    const people = tripParticipants();
    const run = await startTrip(people);
    run.expect({
      outcome: "done",
      path: WHOLE_WAY,
      data: { seat: "7A", voucher: "10-percent" },
      underWay: [],
    });
    assert.deepEqual(
      people.print.asked.map(({ data }) => data),
      tripData.guests.map((guest) => ({ tripId: "trip-1", guest })),
    );
    assert.equal(run.history.at(-1)?.atMs, run.history[0]?.atMs);
  });

  it("goes on at the due time of each timer, to the millisecond", async () => {
    const run = await startTrip(tripParticipants({ HoldSeat: later() }));
    await run.advance("599999ms");
    run.expect({ state: "holding", underWay: ["HoldSeat"] });
    await run.advance("1ms");
    run.expect({ outcome: "failed", path: ["holding", "compensating", "failed"] });
  });

  it("tries again as its flow says, and takes back what was done when that does not help", async () => {
    const people = tripParticipants({ ChargeCard: fail("BANK_DOWN") });
    const run = await startTrip(people);
    run.expect({ state: "charging" });
    await run.advance("3s");
    run.expect({ outcome: "failed" });
    assert.deepEqual(
      [...people.bank.asked, ...people.rail.asked].map(({ type, deliveries }) => `${type} ${deliveries}`),
      ["ChargeCard 3", "ReturnMoney 1", "HoldSeat 1", "ReleaseSeat 1"],
    );
    assert.equal(people.rail.asked[1]?.undoes, people.rail.asked[0]?.commandId);
  });

  it("waits for answers that come later", async () => {
    const run = await startTrip(
      tripParticipants({ HoldSeat: later("2m", answer("SeatHeld", { seat: "9C" })), ChargeCard: later() }),
    );
    await run.advance("2m");
    run.expect({ state: "charging", data: { seat: "9C" } });
    await run.send(event("Charged"));
    run.expect({ outcome: "done" });
  });

  it("hears a later answer that came while no engine ran as soon as one does", async () => {
    const people = tripParticipants({ HoldSeat: later("1m", answer("SeatHeld", { seat: "9C" })) });
    const engine = await openTripEngine(people);
    const run = await engine.startRun(trip, { data: tripData });
    await engine.stop();
    await engine.advance("5m");
    run.expect({ state: "holding" });
    await engine.restart();
    run.expect({ outcome: "done", data: { seat: "9C" } });
  });

  it("refuses events as the engine does", async () => {
    const run = await startTrip(tripParticipants());
    await assert.rejects(run.send(event("NoSeat")), { code: "FLOW_RUN_FINAL" });
  });

  it("takes the same event once", async () => {
    const run = await startTrip(tripParticipants({ HoldSeat: later() }));
    const first = await run.send(event("GuestsChanged", { guests: ["Ada"] }, "change-1"));
    const second = await run.send(event("GuestsChanged", { guests: ["Ada"] }, "change-1"));
    assert.deepEqual([first.isRepeat, second.isRepeat], [false, true]);
    run.expect({ data: { guests: ["Ada"] } });
  });

  it("shows the runs that its commands have started", async () => {
    const run = await startTrip(tripParticipants());
    assert.deepEqual(
      run.children.map(({ stored, outcome }) => [stored.flow, outcome]),
      [["voucher", "sent"]],
    );
  });

  it("happens the same way for the same seed, and with other ids for another", async () => {
    const play = async (seed: number): Promise<string> => {
      const engine = await openTripEngine(tripParticipants({ HoldSeat: fail("RAIL_DOWN", 3) }), { seed });
      const run = await engine.startRun(trip, { data: tripData });
      await run.advance("1d");
      return JSON.stringify(run.history);
    };
    const first = await play(1);
    assert.equal(await play(1), first);
    assert.notEqual(await play(2), first);
  });

  it("passes a year in which nothing happens without delay", async () => {
    const waiting: FlowDefinition = {
      name: "waiting",
      version: 1,
      events: { Woken: { type: "object" } },
      initial: "asleep",
      states: {
        asleep: { on: { Woken: "up" }, after: { delay: "365d", target: "up" } },
        up: { final: "up" },
      },
    };
    const run = await testRun(waiting, { data: {} });
    await run.advance("364d");
    run.expect({ outcome: null });
    await run.advance("1d");
    run.expect({ outcome: "up" });
  });
});

describe("operators of a test engine", () => {
  it("cancel a run and take its steps back", async () => {
    const people = tripParticipants({ ChargeCard: later() });
    const run = await startTrip(people);
    await run.cancel({ compensate: true });
    run.expect({ outcome: "canceled", path: ["holding", "charging", "compensating", "canceled"] });
    assert.deepEqual(
      people.rail.asked.map(({ type }) => type),
      ["HoldSeat", "ReleaseSeat"],
    );
  });

  it("retry, skip and redrive what is parked, and force a run on", async () => {
    const refused = fail("RAIL_CLOSED", 1, "invalid");
    const run = await startTrip(tripParticipants({ HoldSeat: [refused, refused, later()] }));
    run.expect({ parked: "command-refused" });
    await run.redrive();
    run.expect({ parked: "command-refused" });
    await run.retry();
    run.expect({ parked: null, state: "holding" });
    await assert.rejects(run.skip(), { code: "FLOW_RUN_NOT_PARKED" });
    await run.force("thanking", { ...tripData, seat: "1A" });
    run.expect({ outcome: "done", data: { seat: "1A" } });
  });

  it("migrate a run to a version that is served by then", async () => {
    const people = tripParticipants({ ChargeCard: later() });
    const engine = await openTripEngine(people);
    const run = await engine.startRun(trip, { data: tripData });
    await assert.rejects(run.migrate(tripRenamed), { code: "FLOW_MIGRATION_MISSING" });
    await engine.restart(tripRenamed);
    const migrated = await run.migrate(tripRenamed);
    migrated.expect({ state: "paying", data: { voucher: "for-your-patience" } });
    await migrated.send(event("Charged"));
    migrated.expect({ outcome: "done" });
    engine.audit();
  });

  it("pause a flow, and have jobs done", async () => {
    const engine = await openTripEngine(tripParticipants({ HoldSeat: later() }));
    const pauseOf = { flow: "trip", scope: "state", name: "holding" } as const;
    await engine.ask(({ operator }) => operator.pause(pauseOf, { by: "test", idempotencyKey: "pause-1" }));
    const runs = [
      await engine.startRun(trip, { data: tripData }),
      await engine.startRun(trip, { data: tripData }),
    ];
    await engine.advance("1h");
    for (const run of runs) run.expect({ state: "holding" });
    const job = { operation: { type: "cancel", compensate: false }, filter: { flow: "trip" } } as const;
    await engine.ask(({ operator }) => operator.startJob(job, { by: "test", idempotencyKey: "job-1" }));
    for (const run of engine.runsOf(trip)) run.expect({ outcome: "canceled" });
  });
});

describe("schedules of a test engine", () => {
  const office = () => fakeParticipant("office", { WriteReport: answer("ReportWritten") });

  it("start runs at their time", async () => {
    const engine = await testEngine({
      flows: [report],
      participants: [office()],
      beginAt: "2026-03-27T12:00:00Z",
    });
    await engine.advance("3d");
    assert.deepEqual(
      engine
        .runsOf(report)
        .map(({ data, stored }) => [data.dueAt, stored.createdAtMs - Date.parse(data.dueAt)]),
      // The clocks of Rome go forward on the 29th.
      [
        ["2026-03-28T02:00:00.000Z", 0],
        ["2026-03-29T01:00:00.000Z", 0],
        ["2026-03-30T01:00:00.000Z", 0],
      ],
    );
    for (const run of engine.runsOf(report)) run.expect({ outcome: "written" });
  });

  it("make up for times that passed while no engine ran", async () => {
    const engine = await testEngine({ flows: [report], participants: [office()] });
    await engine.stop();
    await engine.advance("2d");
    assert.equal(engine.runsOf(report).length, 0);
    await engine.restart();
    assert.equal(engine.runsOf(report).length, 2);
  });
});

describe("what a test engine does not let pass", () => {
  it("tells in what a run differs, with its history", async () => {
    const run = await startTrip(tripParticipants({ HoldSeat: answer("NoSeat") }));
    assert.throws(() => run.expect({ outcome: "done", path: ["holding", "done"] }), {
      message: [
        "run trip-1 of trip: 2 things are not as expected",
        '  outcome  found "failed", expected "done"',
        '  path     found ["holding","failed"], expected ["holding","done"]',
        "",
        "what has happened so far:",
        '  1  +0ms  holding  started {"tripId":"trip-1","guests":["Ada","Grace"]} → HoldSeat',
        "  2  +0ms  failed   event NoSeat {}",
        "",
      ].join("\n"),
    });
    assert.match(String(run), /2 {2}\+0ms {2}failed {3}event NoSeat/);
  });

  it("fails for a participant that was asked what it has no reaction to", async () => {
    const rail = fakeParticipant("rail", { ReleaseSeat: answer("SeatReleased") });
    const run = await startTrip({ ...tripParticipants(), rail });
    assert.throws(() => run.expect({ parked: "command-refused" }), /rail was asked HoldSeat, .* no reaction/);
  });

  it("ends a flow that turns in a circle, and says so", async () => {
    const circle: FlowDefinition = {
      name: "circle",
      version: 1,
      events: { Turned: { type: "object" } },
      commands: { Turn: { channel: "wheel", answers: ["Turned"] } },
      initial: "turning",
      states: {
        turning: {
          send: { Turn: "data" },
          on: { Turned: { target: "turning", guard: () => true } },
          deadline: { delay: "1h", target: "stopped" },
        },
        stopped: { final: "stopped" },
      },
    };
    const wheel = fakeParticipant("wheel", { Turn: answer("Turned") }, { kind: "transactional" });
    await assert.rejects(
      testRun(circle, { data: {}, participants: [wheel] }),
      new RegExp(`the flow does not come to rest: .*${ENTRIES_MAX} history entries.*event Turned`, "s"),
    );
  });

  it("refuses a channel that nobody serves, as any engine does", async () => {
    await assert.rejects(testEngine({ flows: [voucher] }), { code: "FLOW_UNKNOWN_CHANNEL" });
  });

  it("refuses a time to begin at that is none", async () => {
    await assert.rejects(
      testEngine({ flows: [], beginAt: "tomorrow" }),
      /beginAt is "tomorrow", expected a time as ISO 8601/,
    );
  });

  it("says that it is stopped to whoever asks it something", async () => {
    const engine = await testEngine({ flows: [report], participants: [fakeParticipant("office", {})] });
    await engine.stop();
    await assert.rejects(
      engine.ask(({ client }) => client.countStates()),
      /the engine is stopped; restart it/,
    );
  });
});
