import type { Act } from "./act.ts";
import { storm } from "./storm/storm.ts";

/** The acts of the proof, in the order in which they are played. */
export const ACTS: readonly Act[] = [storm];
