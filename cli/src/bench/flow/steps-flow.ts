/** A flow of so many steps, one after another, each a command to the same participant. It needs nobody from outside. */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { FlowDefinition, StateDefinition } from "@sluice/engine/definition";
import { Type } from "typebox";
import { OrderSchema } from "./order.ts";

export const STEPS_CHANNEL = "steps";

/** What one step asks for, and what it answers. */
const CarryOutStep = Type.Object({ orderId: Type.String(), step: Type.Integer() });
const StepDone = Type.Object({ step: Type.Integer() });

export function stepsFlow(steps: number): FlowDefinition {
  const states = Array.from({ length: steps }, (_, at) => [`step-${at + 1}`, stepState(at + 1, steps)]);
  return {
    name: `bench-${steps}-steps`,
    version: 1,
    data: OrderSchema,
    events: { StepDone },
    commands: { CarryOutStep: { channel: STEPS_CHANNEL, data: CarryOutStep, answers: ["StepDone"] } },
    initial: "step-1",
    states: { ...Object.fromEntries(states), done: { final: "completed" } },
  };
}

function stepState(step: number, steps: number): StateDefinition {
  return {
    send: { CarryOutStep: ({ orderId }: JsonObject) => ({ orderId: orderId ?? null, step }) },
    on: { StepDone: { target: step === steps ? "done" : `step-${step + 1}`, update: "merge" } },
  };
}
