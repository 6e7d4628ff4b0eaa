import type { Act } from "../act.ts";
import { pointAct } from "./point-act.ts";
import { cutAtMessage } from "./point-kinds.ts";

/** The engine lives, and its connection is cut at each message to the database and back. */
export const connectionLoss: Act = pointAct(
  {
    name: "connection-loss",
    summary: "the connection of an engine is cut at each message to Postgres and back, one after the other",
    weight: 2,
  },
  [cutAtMessage],
);
