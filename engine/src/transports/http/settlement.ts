/** What an HTTP answer to a command means. Pure: the rules alone, one table. */
import type { Json } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";
import type { ErrorKind } from "@sluice/contracts/problem";
import type { Settlement } from "../../core/inputs.ts";
import { parseRetryAfter } from "./retry-after.ts";

export interface HttpAnswer {
  readonly status: number;
  /** The body as text; null when it was larger than the transport reads. */
  readonly text: string | null;
  readonly retryAfter: string | undefined;
}

/** Which command, and who answered: for messages. */
export interface Addressed {
  readonly type: string;
  /** Without credentials and query, which may hold secrets. */
  readonly url: string;
}

/**
 * | answer | settles as |
 * | --- | --- |
 * | 200, 201 with `{type, data}` | answered |
 * | 200, 201 without a body; 202 | delivered: the event comes later |
 * | 204 | no news |
 * | 408, 504 | FLOW_COMMAND_TIMEOUT (timeout) |
 * | 409 | FLOW_COMMAND_CONFLICT (conflict) |
 * | 429 | FLOW_COMMAND_OVERLOADED (overloaded), after `Retry-After` |
 * | 503 and other 5xx | FLOW_COMMAND_UNREACHABLE (unavailable), after `Retry-After` |
 * | other 4xx, 3xx | FLOW_COMMAND_REFUSED (invalid): not tried again |
 * | anything else, or a body that is no event | FLOW_BAD_ANSWER (bug): not tried again |
 */
export function settlementOf(answer: HttpAnswer, to: Addressed, nowMs: number): Settlement {
  switch (answer.status) {
    case 200:
    case 201:
      return eventOf(answer, to);
    case 202:
      return { type: "delivered" };
    case 204:
      return { type: "no-news" };
    default:
      return failedBy(answer, to, nowMs);
  }
}

function eventOf({ status, text }: HttpAnswer, to: Addressed): Settlement {
  if (text === "") return { type: "delivered" };
  const body = text === null ? undefined : parseJson(text);
  if (isJsonObject(body) && typeof body["type"] === "string" && body["data"] !== undefined) {
    return { type: "answered", event: { type: body["type"], data: body["data"] } };
  }
  const found = text === null ? "more than answerBytesMax" : body === undefined ? "no JSON" : "no event";
  const message = `${to.url} answered ${to.type} with ${status} and ${found}, expected { type, data }`;
  return { type: "failed", error: { code: "FLOW_BAD_ANSWER", kind: "bug", message } };
}

function failedBy(answer: HttpAnswer, to: Addressed, nowMs: number): Settlement {
  const [code, kind] = errorOfStatus(answer.status);
  const problem = problemOf(answer.text);
  const said = problem === null ? "" : ` (${problem.code}: ${problem.detail})`;
  const retryAfterMs = parseRetryAfter(answer.retryAfter, nowMs);
  return {
    type: "failed",
    error: {
      code,
      kind,
      message: `${to.url} answered ${to.type} with ${answer.status}${said}`,
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
      fields: { status: answer.status, ...(problem === null ? {} : { participantCode: problem.code }) },
    },
  };
}

function errorOfStatus(status: number): readonly [code: string, kind: ErrorKind] {
  switch (status) {
    case 408:
    case 504:
      return ["FLOW_COMMAND_TIMEOUT", "timeout"];
    case 409:
      return ["FLOW_COMMAND_CONFLICT", "conflict"];
    case 429:
      return ["FLOW_COMMAND_OVERLOADED", "overloaded"];
    default:
      if (status >= 500) return ["FLOW_COMMAND_UNREACHABLE", "unavailable"];
      return status >= 300 ? ["FLOW_COMMAND_REFUSED", "invalid"] : ["FLOW_BAD_ANSWER", "bug"];
  }
}

/** Enough of a participant's words to know what is meant; they stand in each history entry of a failing command. */
const DETAIL_CHARS_MAX = 300;

/** The code and words of a problem body (RFC 9457) that has a code as ours have. */
function problemOf(text: string | null): { readonly code: string; readonly detail: string } | null {
  const body = text === null ? undefined : parseJson(text);
  if (!isJsonObject(body) || typeof body["code"] !== "string") return null;
  const detail = typeof body["detail"] === "string" ? body["detail"] : "no detail";
  return { code: body["code"].slice(0, DETAIL_CHARS_MAX), detail: detail.slice(0, DETAIL_CHARS_MAX) };
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
