/**
 * What the client's errors mean for us. They come nested, several for one failure, and their texts may quote settings; so only the names of
 * what failed are taken from them.
 */
import { engineError } from "../../core/errors.ts";

export interface KafkaFault {
  /**
   * `away`: it may be better next time · `refused`: credentials or rights · `missing`: there is no such topic · `too-large`: a batch is
   * larger than the broker takes · `unfit`: what was asked for breaks a rule of the broker's.
   */
  readonly type: "away" | "refused" | "missing" | "too-large" | "unfit";
  /** What was found, for a message: `ECONNREFUSED`, `it does not take the credentials`. */
  readonly found: string;
}

export function faultOf(error: unknown): KafkaFault {
  const names = [...namesOf(error)];
  const has = (name: string | RegExp): string | undefined =>
    names.find((each) => (typeof name === "string" ? each === name : name.test(each)));
  if (has("SASL_AUTHENTICATION_FAILED") ?? has("PLT_KFK_AUTHENTICATION") ?? has("UNSUPPORTED_SASL_MECHANISM"))
    return { type: "refused", found: "it does not take the credentials (sasl)" };
  const right = has(/_AUTHORIZATION_FAILED$/);
  if (right !== undefined) return { type: "refused", found: `the credentials do not allow it (${right})` };
  if (has(NEEDS_TLS)) return { type: "refused", found: "it wants TLS (tls)" };
  if (has("MESSAGE_TOO_LARGE") ?? has("RECORD_LIST_TOO_LARGE"))
    return { type: "too-large", found: "more than its max.message.bytes" };
  if (has("UNKNOWN_TOPIC_OR_PARTITION") ?? has(UNKNOWN_TOPIC))
    return { type: "missing", found: "there is no such topic" };
  const rule = has(/^(?:INVALID_(?!FETCH)|POLICY_VIOLATION$|INCONSISTENT_GROUP|TOPIC_ALREADY)/);
  if (rule !== undefined) return { type: "unfit", found: rule };
  // The most telling one: a reason of the broker, of the system, and only then of the client.
  const found = has(/^(?!PLT_KFK_)[A-Z][A-Z_\d]{3,}$/) ?? has("PLT_KFK_TIMEOUT") ?? names[0] ?? "no answer";
  return { type: "away", found: found === "PLT_KFK_NETWORK" ? "the connection was closed" : found };
}

/** Two faults that the client tells by their texts alone. */
const NEEDS_TLS = /^Broker requires TLS\.$/;
const UNKNOWN_TOPIC = /^Unknown topic \S+\.$/;

const DEPTH_MAX = 8;

/** The names in an error and in all that it was made of, the inner ones first. */
function* namesOf(error: unknown, depth = 0): Generator<string> {
  if (typeof error !== "object" || error === null || depth > DEPTH_MAX) return;
  const { errors, cause, apiId, code, message } = error as Record<string, unknown>;
  for (const inner of Array.isArray(errors) ? (errors as unknown[]) : []) yield* namesOf(inner, depth + 1);
  yield* namesOf(cause, depth + 1);
  if (typeof apiId === "string") yield apiId;
  if (typeof message === "string" && (NEEDS_TLS.test(message) || UNKNOWN_TOPIC.test(message))) yield message;
  if (typeof code === "string") yield code;
}

/**
 * The error with which a start ends, and what the health says later. `what` was wanted, of which brokers: without credentials, since those
 * never stand in an address.
 */
export function brokerError(what: string, brokers: readonly string[], error: unknown): Error {
  const { type, found } = faultOf(error);
  const who = `Kafka at ${brokers.join(", ")}`;
  switch (type) {
    case "refused":
      return engineError(
        "FLOW_BROKER_REFUSED",
        `${who} refuses ${what}: ${found}; see the options sasl and tls`,
      );
    case "missing":
    case "too-large":
    case "unfit":
      return engineError("FLOW_BROKER_MISMATCH", `${who} cannot do ${what}: ${found}`);
    case "away":
      return engineError(
        "FLOW_BROKER_UNAVAILABLE",
        `${who} did not do ${what}: ${found}; expected a broker that answers there, with TLS and credentials as we have them; see the options brokers, tls and sasl`,
      );
  }
}
