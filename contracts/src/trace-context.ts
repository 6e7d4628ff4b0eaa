/** W3C Trace Context: where work stands in a trace, as it travels in headers. */

export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Version, trace id, span id, flags; versions of the future may have more behind. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(?:-.*)?$/;
const FIRST_VERSION_LENGTH = 55;

/** A longer one, or one with other characters than headers have, is left out: the trace goes on without it. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The trace context in these two headers; undefined where there is none, or none that can be read, which never is an error. */
export function readTraceContext(traceparent: unknown, tracestate?: unknown): TraceContext | undefined {
  if (typeof traceparent !== "string") return undefined;
  const [, version] = TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined) return undefined;
  if (version === "00" && traceparent.length !== FIRST_VERSION_LENGTH) return undefined;
  const isKept = typeof tracestate === "string" && TRACESTATE.test(tracestate);
  return {
    // What follows in a later version is not ours to pass on.
    traceparent: `00${traceparent.slice(2, FIRST_VERSION_LENGTH)}`,
    ...(isKept ? { tracestate } : {}),
  };
}

/** The 32 digits that all spans of a trace share. */
export function traceIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(3, 35);
}
