/** Scenes: what a test of the rules alone can say, and how it is told that it is wrong. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowDefinition } from "../../core/flow.ts";
import { trip, tripRenamed } from "./fixtures/trip.flow.ts";
import {
  answered,
  canceled,
  delivered,
  elapsed,
  ended,
  event,
  failed,
  forced,
  nth,
  redriven,
  retried,
  skipped,
} from "./happening.ts";
import { TIMERS_FIRED_MAX } from "./sight.ts";
import { testFlow } from "./test-flow.ts";

const trips = testFlow(trip);
/** The same as whoever reads it from a file has it. */
const untypedTrip: FlowDefinition = trip;
const data = { tripId: "trip-1", guests: ["Ada", "Grace"] };
const held = answered("HoldSeat", "SeatHeld", { seat: "7A" });

describe("a scene", () => {
  it("begins in the initial state, with its commands sent", () => {
    trips.given({ data }).then({
      state: "holding",
      outcome: null,
      parked: null,
      data: { tripId: "trip-1", seat: undefined },
      sent: [{ type: "HoldSeat", data: { tripId: "trip-1" } }],
      underWay: ["HoldSeat"],
    });
  });

  it("begins in any other state as if the run had just come there", () => {
    trips
      .given({ data, state: "printing" })
      .then({ state: "printing", sent: ["PrintTicket", "PrintTicket"] })
      .when(answered("PrintTicket", "TicketPrinted"), nth(1, answered("PrintTicket", "TicketPrinted")))
      .then({ state: "thanking", sent: ["StartVoucher"] });
  });

  it("serves as the beginning of several others", () => {
    const charging = trips.given({ data }).when(held);
    charging.when(answered("ChargeCard", "Charged")).then({ state: "printing" });
    charging
      .when(answered("ChargeCard", "CardRefused", { reason: "stolen" }))
      .then({ state: "compensating" });
    charging.then({ state: "charging", data: { seat: "7A" }, sent: ["ChargeCard"] });
  });

  it("takes steps back in reverse order, and leaves out what there is nothing of", () => {
    trips
      .given({ data })
      .when(held)
      .then({ state: "charging" })
      .when(answered("ChargeCard", "CardRefused", { reason: "expired" }))
      .then({ state: "compensating", sent: [{ type: "ReleaseSeat", data: { tripId: "trip-1" } }] })
      .when(answered("ReleaseSeat", "SeatReleased"))
      .then({ state: "failed", outcome: "failed", sent: [], underWay: [] });
  });

  it("lets time pass, and timers fire at their time", () => {
    const holding = trips.given({ data });
    holding.when(elapsed("9m")).then({ state: "holding", sent: [] });
    holding.when(elapsed("9m"), elapsed("1m")).then({ state: "compensating", sent: ["ReleaseSeat"] });
  });

  it("tries a command again after its wait, and gives up after its last attempt", () => {
    trips
      .given({ data, state: "charging" })
      .when(failed("ChargeCard", "BANK_DOWN"))
      .then({ sent: [], underWay: ["ChargeCard"] })
      .when(elapsed("1s"))
      .then({ sent: ["ChargeCard"] })
      .when(failed("ChargeCard"), elapsed("2s"), failed("ChargeCard"))
      .then({ state: "compensating", sent: ["ChargeCard", "ReturnMoney"] });
  });

  it("hears how a child run ended", () => {
    trips
      .given({ data, state: "thanking" })
      .when(ended("StartVoucher", "sent", { voucher: "10-percent" }))
      .then({ outcome: "done", data: { voucher: "10-percent" } });
  });

  it("is operated like any run", () => {
    const holding = trips.given({ data });
    holding.when(canceled()).then({ outcome: "canceled", sent: [] });
    holding.when(canceled({ compensate: true })).then({ state: "compensating", sent: ["ReleaseSeat"] });
    holding.when(delivered("HoldSeat"), retried()).then({ sent: ["HoldSeat"] });
    holding
      .when(forced("thanking", { tripId: "trip-2", guests: [] }))
      .then({ state: "thanking", data: { tripId: "trip-2" }, sent: ["StartVoucher"] });
    holding.when(redriven()).then({ refused: "FLOW_RUN_NOT_PARKED" });
    const parked = holding
      .when(failed("HoldSeat", "RAIL_CLOSED", "invalid"))
      .then({ parked: "command-refused" });
    parked.when(redriven()).then({ parked: null, sent: ["HoldSeat"] });
    parked
      .when(event("NoSeat"))
      .then({ parked: "command-refused" })
      .when(skipped())
      .then({ outcome: "failed" });
  });

  it("goes on under another version of its flow, in the words of that version", () => {
    trips
      .given({ data })
      .when(held)
      .whenMigratedTo(tripRenamed)
      .then({ state: "paying", data: { voucher: "for-your-patience" }, underWay: ["ChargeCard"], sent: [] })
      .when(answered("ChargeCard", "Charged"))
      .then({ state: "printing" });
  });

  it("knows a second event under the same id as a repeat", () => {
    trips
      .given({ data })
      .when(event("GuestsChanged", { guests: ["Ada"] }, "change-1"))
      .then({ data: { guests: ["Ada"] } })
      .when(event("GuestsChanged", { guests: ["Ada"] }, "change-1"))
      .then({ ignored: "repeat" });
  });

  it("takes a definition without types by any words", () => {
    testFlow(untypedTrip)
      .given({ data: { ...data } })
      .when(event("NoSeat"))
      .then({ outcome: "failed" });
  });
});

describe("what a scene does not let pass", () => {
  it("tells each difference, and what has happened so far", () => {
    const scene = trips.given({ data }).when(held);
    assert.throws(
      () => scene.then({ state: "printing", data: { seat: "8B" }, sent: ["ChargeCard"] }),
      messageOf(
        "a run of trip: 2 things are not as expected",
        '  state      found "charging", expected "printing"',
        '  data.seat  found "7A", expected "8B"',
        "",
        "what has happened so far:",
        '  1  +0ms  holding   started {"tripId":"trip-1","guests":["Ada","Grace"]} → HoldSeat',
        '  2  +0ms  charging  event SeatHeld {"seat":"7A"} → ChargeCard',
        "",
      ),
    );
  });

  it("fails for an event that had no effect, unless that is meant", () => {
    const done = trips.given({ data, state: "thanking" }).when(event("NoSeat"));
    assert.throws(
      () => done.then({ state: "thanking" }),
      /event NoSeat {2}found "state thanking does not take it", .*say ignored: "unexpected"/,
    );
    done.then({ state: "thanking", ignored: "unexpected" });
  });

  it("fails for an event that is refused, unless that is meant", () => {
    const undeclared = testFlow(untypedTrip)
      .given({ data: { ...data } })
      .when(event("Nonsense"));
    assert.throws(() => undeclared.then({}), /say refused: "FLOW_UNKNOWN_EVENT"/);
    undeclared.then({ refused: "FLOW_UNKNOWN_EVENT" });
  });

  it("fails where something that was said to be ignored or refused had its effect", () => {
    const charging = trips.given({ data }).when(held);
    assert.throws(() => charging.then({ ignored: "stale" }), /ignored {2}found nothing, expected "stale"/);
    assert.throws(() => charging.then({ refused: "FLOW_RUN_FINAL" }), /refused {2}found nothing/);
  });

  it("fails for a run that was parked, unless that is meant", () => {
    const parked = trips.given({ data }).when(failed("HoldSeat", "RAIL_CLOSED", "invalid"), event("NoSeat"));
    assert.throws(
      () => parked.then({ state: "holding" }),
      /parked {2}found "command-refused", expected null.*RAIL_CLOSED.*queued NoSeat/s,
    );
    parked.then({ state: "holding", parked: "command-refused" });
  });

  it("refuses an answer to a command that is not under way, and says which are", () => {
    assert.throws(
      () => trips.given({ data }).when(answered("ChargeCard", "Charged")),
      /no ChargeCard is under way that could be answered; under way: HoldSeat/,
    );
    assert.throws(
      () => trips.given({ data, state: "printing" }).when(nth(3, delivered("PrintTicket"))),
      /no PrintTicket number 3 is under way/,
    );
  });

  it("refuses the failure of an attempt that has not begun", () => {
    const waiting = trips.given({ data, state: "charging" }).when(failed("ChargeCard"));
    assert.throws(() => waiting.when(failed("ChargeCard")), /ChargeCard waits for attempt 2.*elapsed\(\)/);
  });

  it("refuses a beginning that no run can have", () => {
    const untyped = testFlow(untypedTrip);
    assert.throws(
      () => untyped.given({ data: {} }),
      /no run of trip begins in state holding with \{\}: FLOW_BAD_DATA/,
    );
    assert.throws(
      () => untyped.given({ data: { ...data }, state: "nowhere" }),
      /trip has no state nowhere, expected one of: .*holding/,
    );
  });

  it("refuses a definition that no engine would serve", () => {
    assert.throws(() => testFlow({ ...trip, initial: "nowhere" } as FlowDefinition), {
      code: "FLOW_BAD_DEFINITION",
    });
  });

  it("tells of a flow that turns in a circle instead of turning with it", () => {
    const circle: FlowDefinition = {
      name: "circle",
      version: 1,
      events: { Stopped: { type: "object" } },
      initial: "turning",
      states: {
        turning: { after: { delay: "1ms", target: "turning" }, on: { Stopped: "stopped" } },
        stopped: { final: "stopped" },
      },
    };
    assert.throws(
      () => testFlow(circle).given({ data: {} }).when(elapsed("1h")),
      new RegExp(`the flow does not come to rest: ${TIMERS_FIRED_MAX} timers`),
    );
  });

  it("tells who awaits a scene that there is nothing to wait for", async () => {
    const scene: unknown = trips.given({ data });
    await assert.rejects(async () => scene, /a scene was awaited; .* leave the await out/);
  });
});

/** Holds the message of an error against these lines. */
function messageOf(...lines: readonly string[]): (error: Error) => true {
  return (error) => {
    assert.equal(error.message, lines.join("\n"));
    return true;
  };
}
