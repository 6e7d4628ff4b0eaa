import { setTimeout as sleep } from "node:timers/promises";
import type { LogPort } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import { memoryInbox } from "@sluice/engine/participant";
import type { LocalHandlers } from "@sluice/engine/participant";
import type { order } from "./order.flow.ts";

type Order = FlowTypes<typeof order>;

/** How long a courier thinks about a pick-up; whoever is not named agrees at once. */
const THINKING_MS: Readonly<Record<string, number>> = { steady: 300 };

/**
 * Stands in for couriers. One of them agrees to a pick-up before the other, which is then released; it takes the parcel hours later, and
 * whoever has it tells the run `ParcelCollected`, over the API, with the parcel's number.
 */
export function couriers(log: Pick<LogPort, "info">): LocalHandlers<Order> {
  const inbox = memoryInbox();
  return {
    BookPickup: ({ commandId, data: { courier } }, signal) =>
      inbox.once(commandId, async () => {
        await sleep(THINKING_MS[courier] ?? 0, undefined, { signal });
        return { type: "PickupAgreed", data: { courier } };
      }) as Promise<Order["Answers"]["BookPickup"]>,
    async ReleasePickup({ commandId, runId, undoes = "", data: { orderId, courier } }) {
      await inbox.undo(commandId, undoes, async () => {
        log.info({ runId, orderId, courier }, "the courier is not needed");
        return null;
      });
      return { type: "PickupReleased", data: {} };
    },
    async ShipParcel({ commandId, runId, data: { orderId, courier } }) {
      await inbox.once(commandId, async () => {
        log.info({ runId, orderId, courier }, "the courier will come for the parcel");
        return null;
      });
      return null;
    },
    async RecallParcel({ commandId, runId, undoes = "", data: { orderId, courier } }) {
      await inbox.undo(commandId, undoes, async () => {
        log.info({ runId, orderId, courier }, "the courier will not come");
        return null;
      });
      return { type: "ParcelRecalled", data: {} };
    },
  };
}
