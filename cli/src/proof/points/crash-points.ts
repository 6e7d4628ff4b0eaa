import type { Act } from "../act.ts";
import { pointAct } from "./point-act.ts";
import { killedAtCall, killedAtMessage } from "./point-kinds.ts";

/** The engine dies at each call that its batch loop waits for, and at each message of it to the database and back. */
export const crashPoints: Act = pointAct(
  {
    name: "crash-points",
    summary: "the engine dies at each call and at each message of its batch loop, one after the other",
    weight: 2,
  },
  [killedAtCall, killedAtMessage],
);
