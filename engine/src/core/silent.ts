/** For a process that logs nothing, and one that measures nothing. */
import type { LogPort, MeterPort } from "./ports.ts";

export const NO_LOG: LogPort = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const NOTHING = { inc: () => {}, set: () => {}, observe: () => {} };
export const NO_METER: MeterPort = { counter: () => NOTHING, gauge: () => NOTHING, histogram: () => NOTHING };
