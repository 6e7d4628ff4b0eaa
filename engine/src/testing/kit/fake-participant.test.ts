/** Fake participants: what they do when they are asked, and what they remember of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FakeOptions } from "./fake-participant.ts";
import { startTrip, tripParticipants } from "./fixtures/open-trip.ts";
import { event } from "./happening.ts";
import { answer, fail, hang, later } from "./reaction.ts";

const KINDS: readonly FakeOptions[] = [{ kind: "local" }, { kind: "transactional" }];

describe("a fake participant", () => {
  for (const options of KINDS) {
    it(`goes through its reactions, and stays with the last (${options.kind})`, async () => {
      const script = { PrintTicket: [fail("OUT_OF_PAPER", 2), later(), answer("TicketPrinted")] };
      const run = await startTrip(tripParticipants(script, options));
      await run.advance("5s");
      // Two attempts failed, one was taken, and the other guest's ticket is printed.
      run.expect({ state: "printing", underWay: ["PrintTicket"] });
      await run.send(event("TicketPrinted"));
      run.expect({ outcome: "done" });
    });

    it(`answers with what a function makes of the command (${options.kind})`, async () => {
      const people = tripParticipants(
        { HoldSeat: ({ data: { tripId } }) => ({ type: "SeatHeld", data: { seat: `seat of ${tripId}` } }) },
        options,
      );
      const run = await startTrip(people);
      run.expect({ outcome: "done", data: { seat: "seat of trip-1" } });
    });

    it(`hangs until the engine gives that attempt up (${options.kind})`, async () => {
      const people = tripParticipants(
        { ChargeCard: [hang(), answer("Charged")] },
        { ...options, handleMs: 2_000 },
      );
      const run = await startTrip(people);
      run.expect({ state: "charging" });
      await run.advance("1m");
      run.expect({ outcome: "done" });
    });

    it(`remembers each command once, in the order in which it came (${options.kind})`, async () => {
      const people = tripParticipants({ ChargeCard: answer("CardRefused", { reason: "stolen" }) }, options);
      const run = await startTrip(people);
      const [held, released] = people.rail.asked;
      assert.deepEqual(
        people.rail.asked.map(({ type, data, runId }) => ({ type, data, runId })),
        ["HoldSeat", "ReleaseSeat"].map((type) => ({ type, data: { tripId: "trip-1" }, runId: run.runId })),
      );
      assert.deepEqual([held?.undoes, released?.undoes], [null, held?.commandId]);
    });
  }

  it("refuses a command that was taken back before it came", async () => {
    const people = tripParticipants({
      HoldSeat: [fail("RAIL_DOWN", 1, "timeout"), answer("SeatHeld", { seat: "7A" })],
    });
    const run = await startTrip(people);
    await run.cancel({ compensate: true });
    run.expect({ outcome: "canceled" });
    assert.deepEqual(
      people.rail.asked.map(({ type, deliveries }) => `${type} ${deliveries}`),
      ["HoldSeat 1", "ReleaseSeat 1"],
    );
  });

  it("keeps what it was asked apart from what the run holds", async () => {
    const people = tripParticipants({
      HoldSeat: (command) => {
        Object.assign(command.data, { tripId: "changed" });
        return { type: "SeatHeld", data: { seat: "7A" } };
      },
    });
    const run = await startTrip(people);
    run.expect({ outcome: "done", data: { tripId: "trip-1" } });
  });
});
