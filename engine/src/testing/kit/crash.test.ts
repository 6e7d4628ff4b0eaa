/** Engines that die where a test tells them to: whatever the moment, the run goes its way, and nothing happens twice. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HistoryEntry } from "../../core/history.ts";
import type { CrashMoment } from "./crash-plan.ts";
import { openTripEngine, startTrip, tripData, tripParticipants } from "./fixtures/open-trip.ts";
import type { TripParticipants } from "./fixtures/open-trip.ts";
import { trip } from "./fixtures/trip.flow.ts";
import { event } from "./happening.ts";
import { answer, hang, later } from "./reaction.ts";

/** What is at stake at each moment of a trip whose seat is held by an answer that comes by itself. */
const AT_STAKE: Readonly<Record<CrashMoment, readonly string[]>> = {
  "before commit": [
    "started",
    "SeatHeld",
    "Charged",
    "TicketPrinted",
    "VoucherSent",
    "ChargeCard",
    "StartVoucher",
  ],
  "after commit": ["SeatHeld", "Charged", "TicketPrinted", "VoucherSent", "ChargeCard", "StartVoucher"],
  "before send": ["HoldSeat", "ChargeCard", "PrintTicket", "MailVoucher"],
  "after send": ["HoldSeat", "ChargeCard", "PrintTicket", "MailVoucher"],
};

describe("an engine that dies", () => {
  for (const [moment, words] of Object.entries(AT_STAKE) as [CrashMoment, readonly string[]][]) {
    for (const about of words) {
      it(`loses nothing and repeats nothing when that is ${moment} of ${about}`, async () => {
        const people = tripParticipants({ HoldSeat: later("1m", answer("SeatHeld", { seat: "7A" })) });
        const engine = await openTripEngine(people);
        engine.crashHere(moment, about === "started" ? undefined : about);
        const run = await engine.startRun(trip, { data: tripData });
        await engine.advance("1m");
        run.expect({ outcome: "done", path: ["holding", "charging", "printing", "thanking", "done"] });
        engine.audit();
        assert.equal(engine.deaths, 1);
        assert.deepEqual(run.history.map(summary), (await undisturbed()).map(summary));
        assert.deepEqual(askedTypes(people), [
          "HoldSeat",
          "ChargeCard",
          "PrintTicket",
          "PrintTicket",
          "MailVoucher",
        ]);
      });
    }
  }

  it("asks a participant again that had answered it in vain", async () => {
    const people = tripParticipants();
    const engine = await openTripEngine(people);
    engine.crashHere("after send", "ChargeCard");
    await engine.startRun(trip, { data: tripData });
    assert.deepEqual(
      people.bank.asked.map(({ deliveries }) => deliveries),
      [2],
    );
  });

  it("takes with it what participants did within a transaction that was not committed", async () => {
    const people = tripParticipants({}, { kind: "transactional" });
    const engine = await openTripEngine(people);
    engine.crashHere("before commit");
    const run = await engine.startRun(trip, { data: tripData });
    run.expect({ outcome: "done" });
    assert.equal(engine.deaths, 1);
    assert.deepEqual(
      Object.values(people).flatMap(({ asked }) => asked.map(({ deliveries }) => deliveries)),
      [1, 1, 1, 1, 1],
    );
  });

  it("leaves a caller who gets its answer from the next one, under the same id", async () => {
    const run = await startTrip(tripParticipants({ HoldSeat: later() }));
    run.crashHere("after commit", "GuestsChanged");
    const { isRepeat } = await run.send(event("GuestsChanged", { guests: ["Ada"] }));
    assert.equal(isRepeat, true);
    run.expect({ data: { guests: ["Ada"] } });
  });

  it("leaves an operator who cancels once", async () => {
    const run = await startTrip(tripParticipants({ ChargeCard: later() }));
    run.crashHere("after commit", "cancel");
    await run.cancel({ compensate: true });
    run.expect({ outcome: "canceled" });
    assert.equal(run.history.filter(({ kind }) => kind === "canceled").length, 1);
  });

  it("dies at rest as well, and its timers fire all the same", async () => {
    const engine = await openTripEngine(tripParticipants({ HoldSeat: later() }));
    const run = await engine.startRun(trip, { data: tripData });
    await engine.advance("5m");
    await engine.crash();
    await engine.advance("5m");
    run.expect({ outcome: "failed" });
    assert.equal(engine.deaths, 1);
  });

  it("dies while it starts as well, and the one after it goes on", async () => {
    const people = tripParticipants({ ChargeCard: [hang(), answer("Charged")] }, { handleMs: 3_600_000 });
    const engine = await openTripEngine(people);
    const run = await engine.startRun(trip, { data: tripData });
    // What is under way holds the stop up, and is left to the next one.
    await engine.stop();
    engine.crashHere("before send", "ChargeCard");
    await engine.restart();
    run.expect({ state: "charging" });
    assert.equal(engine.deaths, 1);
    assert.deepEqual(
      people.bank.asked.map(({ deliveries }) => deliveries),
      [2],
    );
  });

  it("is told to die once at a time, and the test fails when it does not come to that", async () => {
    const run = await startTrip(tripParticipants({ HoldSeat: later() }));
    run.crashHere("before send", "PrintTicket");
    assert.throws(
      () => run.crashHere("after commit"),
      /the engine is to die before send of PrintTicket already/,
    );
    assert.throws(
      () => run.expect({ state: "holding" }),
      /crashHere {2}found "not reached", expected "before send of PrintTicket"/,
    );
    await run.send(event("SeatHeld", { seat: "7A" }));
    run.expect({ outcome: "done" });
  });
});

/** The history of the same trip when nothing goes wrong. */
async function undisturbed(): Promise<readonly HistoryEntry[]> {
  const run = await startTrip(
    tripParticipants({ HoldSeat: later("1m", answer("SeatHeld", { seat: "7A" })) }),
  );
  await run.advance("1m");
  return run.history;
}

/** What an entry tells, without the ids of its run. */
function summary({ version, kind, type, state, data, commands = [] }: HistoryEntry): object {
  return { version, kind, type, state, data, commands: commands.map((command) => command.type) };
}

function askedTypes(people: TripParticipants): readonly string[] {
  return Object.values(people).flatMap(({ asked }) => asked.map(({ type }) => type));
}
