/**
 * What the compiler refuses in a test. As in the tests of `defineFlow` each `@ts-expect-error` names the error it stands for, and the first
 * test holds the compiler to it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowTypes } from "../../definition/define-flow.ts";
import { typeErrorsOf } from "../../definition/fixtures/type-errors.ts";
import { fakeParticipant } from "./fake-participant.ts";
import { trip, tripRenamed } from "./fixtures/trip.flow.ts";
import { answered, delivered, ended, event, failed, forced } from "./happening.ts";
import { answer, fail, hang, later } from "./reaction.ts";
import { testFlow } from "./test-flow.ts";
import type { TestRun } from "./test-run.ts";

type Trip = FlowTypes<typeof trip>;

const data = { tripId: "trip-1", guests: ["Ada"] };
const scene = testFlow(trip).given({ data });

/** Whatever is right compiles; it is never called. */
export function rightWords(run: TestRun<Trip>): unknown {
  scene.when(
    event("GuestsChanged", { guests: ["Ada", "Grace"] }),
    event("NoSeat"),
    event("NoSeat", {}, "id-1"),
  );
  scene.when(answered("ChargeCard", "CardRefused", { reason: "stolen" }), delivered("StartVoucher"));
  scene.when(failed("HoldSeat"), ended("StartVoucher", "sent"), forced("canceled"));
  scene.then({
    state: "compensating",
    data: { seat: undefined, guests: ["Ada"] },
    underWay: ["StartVoucher"],
  });
  scene.then({ sent: ["HoldSeat", { type: "PrintTicket", data: { tripId: "trip-1", guest: "Ada" } }] });
  scene.whenMigratedTo(tripRenamed).then({ state: "paying" });
  fakeParticipant<Trip>("rail", {
    HoldSeat: [fail("RAIL_DOWN", 2), hang(), later(), later("1m", answer("SeatHeld", { seat: "7A" }))],
    ReleaseSeat: ({ data: { tripId } }) => (tripId === "" ? null : { type: "SeatReleased", data: {} }),
    ChargeCard: answer("CardRefused", { reason: "expired" }),
  });
  return [
    run.send(event("SeatHeld", { seat: "7A" })),
    run.crashHere("before send", "PrintTicket"),
    run.data.guests,
  ];
}

/** Whatever is wrong does not; it is never called either. */
export function wrongWords(run: TestRun<Trip>): unknown {
  // @ts-expect-error TS2741 at data: a field is missing
  testFlow(trip).given({ data: { tripId: "trip-1" } });
  // @ts-expect-error TS2322 at state: no such state
  testFlow(trip).given({ data, state: "nowhere" });
  // @ts-expect-error TS2322 at state: a run cannot begin where steps are taken back
  testFlow(trip).given({ data, state: "compensating" });
  // @ts-expect-error TS2345 at event: no such event
  scene.when(event("SeatHold", { seat: "7A" }));
  // @ts-expect-error TS2345 at event: the event carries a text
  scene.when(event("SeatHeld", { seat: 7 }));
  // @ts-expect-error TS2345 at event: the event must carry something
  scene.when(event("SeatHeld"));
  // @ts-expect-error TS2345 at answered: no such reason
  scene.when(answered("ChargeCard", "CardRefused", { reason: "no-idea" }));
  // @ts-expect-error TS2345 at answered: no answer to that command
  scene.when(answered("HoldSeat", "Charged"));
  // @ts-expect-error TS2345 at failed: no such command
  scene.when(failed("HoldSeats"));
  // @ts-expect-error TS2345 at ended: no command that starts a child
  scene.when(ended("HoldSeat", "sent"));
  // @ts-expect-error TS2345 at forced: no such state
  scene.when(forced("nowhere"));
  // @ts-expect-error TS2322 at state: no such state
  scene.then({ state: "nowhere" });
  // @ts-expect-error TS2322 at seat: the field is a text
  scene.then({ data: { seat: 7 } });
  // @ts-expect-error TS2353 at chair: no such field
  scene.then({ data: { chair: "7A" } });
  // @ts-expect-error TS2820 at "HoldSeats": no such command
  scene.then({ sent: ["HoldSeats"] });
  // @ts-expect-error TS2322 at tripId: the command carries a text
  scene.then({ sent: [{ type: "HoldSeat", data: { tripId: 1 } }] });
  // @ts-expect-error TS2322 at refused: no such code
  scene.then({ refused: "FLOW_NO_SUCH_CODE" });
  // @ts-expect-error TS2322 at state: a state of the former version
  scene.whenMigratedTo(tripRenamed).then({ state: "charging" });
  // @ts-expect-error TS2345 at event: no such event
  void run.send(event("SeatHold"));
  // @ts-expect-error TS2345 at "HoldSeats": nothing that could be at stake
  run.crashHere("before send", "HoldSeats");
  // @ts-expect-error TS2322 at "nowhere": no such state
  run.expect({ path: ["nowhere"] });
  // @ts-expect-error TS2561 at HoldSeats: no such command
  fakeParticipant<Trip>("rail", { HoldSeats: hang() });
  // @ts-expect-error TS2322 at HoldSeat: no answer to that command
  fakeParticipant<Trip>("rail", { HoldSeat: answer("Charged") });
  // @ts-expect-error TS2322 at HoldSeat: the later answer carries a text
  return fakeParticipant<Trip>("rail", { HoldSeat: later("1m", answer("SeatHeld", { seat: 7 })) });
}

describe("the words of a test", () => {
  it("refuses each wrong word, and for the reason told beside it", { timeout: 120_000 }, async () => {
    const { named, found } = await typeErrorsOf(import.meta.url);
    assert.ok(named.length > 20);
    assert.deepEqual(found, named);
  });
});
