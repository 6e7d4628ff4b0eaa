/** For a process that logs nothing, one that measures nothing, and one that traces nothing. */
import type { LogPort, MeterPort, Span, Tracer } from "./ports.ts";

export const NO_LOG: LogPort = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const NOTHING = { inc: () => {}, set: () => {}, observe: () => {} };
export const NO_METER: MeterPort = { counter: () => NOTHING, gauge: () => NOTHING, histogram: () => NOTHING };

export const NO_SPAN: Span = {
  context: undefined,
  set: () => {},
  fail: () => {},
  end: () => {},
  run: (work) => work(),
};
export const NO_TRACER: Tracer = { isOn: false, active: () => undefined, begin: () => NO_SPAN };
