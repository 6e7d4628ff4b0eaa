import type { FlowTypes } from "@sluice/engine/definition";
import { memoryInbox } from "@sluice/engine/participant";
import type { LocalHandlers } from "@sluice/engine/participant";
import type { LogPort } from "@sluice/engine";
import type { order } from "./order.flow.ts";

/**
 * Stands in for a carrier. It takes a pick-up at once and answers later: whoever has the parcel tells the run `ParcelCollected`, over
 * the API, with the parcel's number.
 */
export function carrier(log: Pick<LogPort, "info">): LocalHandlers<FlowTypes<typeof order>> {
  const inbox = memoryInbox();
  return {
    async ShipParcel({ commandId, runId, data }) {
      await inbox.once(commandId, async () => {
        log.info({ runId, orderId: data.orderId }, "the carrier will come for the parcel");
        return null;
      });
      return null;
    },
    async RecallParcel({ commandId, runId, undoes = "", data }) {
      await inbox.undo(commandId, undoes, async () => {
        log.info({ runId, orderId: data.orderId }, "the carrier will not come");
        return null;
      });
      return { type: "ParcelRecalled", data: {} };
    },
  };
}
