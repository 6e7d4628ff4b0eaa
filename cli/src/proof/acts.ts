import type { Act } from "./act.ts";
import { connectionLoss } from "./points/connection-loss.ts";
import { crashPoints } from "./points/crash-points.ts";
import { previousSchema } from "./previous-schema/previous-schema.ts";
import { storm } from "./storm/storm.ts";

/** The acts of the proof, in the order in which they are played: what does not need its time leaves it to the next. */
export const ACTS: readonly Act[] = [previousSchema, crashPoints, connectionLoss, storm];
