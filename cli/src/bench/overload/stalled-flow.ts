/** A flow whose only step nobody carries out: its participant takes the command and does not answer. */
import type { FlowDefinition } from "@sluice/engine/definition";
import { Type } from "typebox";

export const STALLED_CHANNEL = "stalled";

export const stalledFlow: FlowDefinition = {
  name: "bench-stalled",
  version: 1,
  data: Type.Object({}),
  events: { Carried: Type.Object({}) },
  commands: { Carry: { channel: STALLED_CHANNEL, data: Type.Object({}), answers: ["Carried"] } },
  initial: "carrying",
  states: {
    carrying: { send: { Carry: () => ({}) }, on: { Carried: "done" } },
    done: { final: "completed" },
  },
};
