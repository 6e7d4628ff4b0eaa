import type { FlowDefinition } from "@sluice/engine/definition";
import type { BenchFlow } from "./bench-flow.ts";
import { purchase } from "./purchase.flow.ts";
import { stepsFlow } from "./steps-flow.ts";

export function definitionOf(flow: BenchFlow): FlowDefinition {
  return flow === "purchase" ? purchase : stepsFlow(flow);
}
