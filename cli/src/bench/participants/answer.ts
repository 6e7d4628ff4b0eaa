/** What participants that keep no tables answer: everything goes well. */
import type { CommandMessage, EventMessage, Json } from "@sluice/contracts/envelope";

/** A seat for everybody; the tables of the transactional participants number them as they should be. */
let seats = 0;

export function answerTo({ type, data }: Pick<CommandMessage, "type" | "data">): EventMessage {
  switch (type) {
    case "IssueTicket":
      return { type: "TicketIssued", data: { seat: ++seats } };
    case "CloseOrder":
      return { type: "OrderClosed", data: {} };
    case "CarryOutStep":
      return { type: "StepDone", data: { step: stepOf(data) } };
    default:
      throw new Error(`no participant of the benchmark knows the command ${type}`);
  }
}

function stepOf(data: Json): Json {
  return typeof data === "object" && data !== null && !Array.isArray(data) && "step" in data
    ? (data["step"] ?? 0)
    : 0;
}
