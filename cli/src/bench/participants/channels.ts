import { STEPS_CHANNEL } from "../flow/steps-flow.ts";
import type { BenchFlow } from "../flow/bench-flow.ts";

/** The channels of a flow, each with the types of command that go over it. */
export function channelsOf(flow: BenchFlow): Readonly<Record<string, readonly string[]>> {
  return flow === "purchase"
    ? { tickets: ["IssueTicket"], orders: ["CloseOrder"] }
    : { [STEPS_CHANNEL]: ["CarryOutStep"] };
}
