/** A run never rests where nothing could move it on (I3). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LIMITS, flowOf, rejectedWith, startedIn, tripOf } from "./fixtures/drive.ts";

const LARGE = "x".repeat(LIMITS.dataBytesMax);

describe("a run", () => {
  test("that begins in a join with nothing to wait for goes on at once, under its first entry", () => {
    const drive = startedIn(
      tripOf({
        first: {
          send: { HoldSeat: { each: "/seats" } },
          on: { SeatHeld: {} },
          join: { wait: "all", then: "packing" },
        },
        packing: { send: { HoldRoom: "data" }, on: { RoomHeld: "gone" } },
        gone: { final: "gone" },
      }),
      { seats: [] },
    );
    assert.deepEqual([drive.run.state, drive.run.version, drive.underWay], ["packing", 1, ["HoldRoom"]]);
  });

  test("is parked by a late answer that makes its data too large, and refuses the same from anybody else", () => {
    const flow = flowOf({
      first: { send: { Ship: "data" }, on: { Shipped: { target: "second", update: "merge" } } },
      second: { on: { Paid: { target: "end", update: "merge" } } },
      end: { final: "end" },
    });
    const waiting = startedIn(flow);
    waiting.settle({ type: "delivered" });
    waiting.event("Shipped", { note: LARGE });
    assert.deepEqual([waiting.run.parked, waiting.letters.length], ["data-too-large", 1]);

    const paying = startedIn(flow);
    paying.answer("Shipped");
    assert.equal(rejectedWith(paying.event("Paid", { note: LARGE })), "FLOW_DATA_TOO_LARGE");
  });

  test("gives the command up whose late answer is skipped, unless nothing else would move it on", () => {
    const broken = () => {
      throw new Error("no");
    };
    const ship = { send: { Ship: "data" }, on: { Shipped: { target: "end", guard: broken } } } as const;
    const alone = startedIn(flowOf({ first: ship, end: { final: "end" } }));
    alone.settle({ type: "delivered" });
    alone.event("Shipped");
    assert.equal(rejectedWith(alone.operate({ type: "skip" })), "FLOW_WOULD_STRAND");

    const limited = startedIn(
      flowOf({ first: { ...ship, deadline: { delay: "1h", target: "end" } }, end: { final: "end" } }),
    );
    limited.settle({ type: "delivered" });
    limited.event("Shipped");
    limited.operate({ type: "skip" });
    assert.deepEqual([limited.run.parked, limited.underWay, limited.kinds], [null, [], ["deadline"]]);
  });

  test("keeps a command whose own word waits behind the event that is skipped", () => {
    const drive = startedIn(
      flowOf({
        first: {
          send: { Ship: "data" },
          on: {
            Shipped: {
              target: "end",
              guard: ({ event }) => {
                if (typeof event === "object" && event !== null && "bad" in event) throw new Error("no");
                return true;
              },
            },
          },
        },
        end: { final: "end" },
      }),
    );
    drive.event("Shipped", { bad: true });
    drive.answer("Shipped");
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.outcome, drive.letters], ["end", []]);
  });

  test("is parked by an event that is taken in again and does not lead out of its state", () => {
    const drive = startedIn(
      flowOf({
        first: { send: { Ask: "data" }, on: { Paid: {} }, join: { wait: "any", then: "end" } },
        end: { final: "end" },
      }),
    );
    drive.fail("missing");
    drive.event("Paid");
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.parked, drive.letters.length], ["answer-not-taken", 1]);
  });

  test("is not migrated into a state that waits for what it has not sent, but may enter it afresh", () => {
    const to = (enter: boolean) =>
      flowOf(
        { second: { send: { Ask: "data" }, on: { Paid: "end" } }, end: { final: "end" } },
        {
          version: 2,
          initial: "second",
          migrations: [{ from: 1, states: { first: { target: "second", enter } } }],
        },
      );
    const drive = startedIn(flowOf({ first: { on: { Tick: "end" } }, end: { final: "end" } }));
    assert.equal(rejectedWith(drive.migrate(to(false))), "FLOW_MIGRATION_REFUSED");
    drive.migrate(to(true));
    assert.deepEqual([drive.run.state, drive.underWay], ["second", ["Ask"]]);
  });
});
