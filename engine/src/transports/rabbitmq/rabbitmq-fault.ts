/** What the client's errors mean for us. Texts are taken over from the broker alone, which knows no password. */
import { hasCode } from "@sluice/contracts/problem";
import { engineError } from "../../core/errors.ts";
import type { BrokerAddress } from "./address.ts";

export interface RabbitmqFault {
  /** `away`: it may be better next time · `refused`: credentials, rights or TLS · `mismatch`: a queue is missing, or another than expected. */
  readonly type: "away" | "refused" | "mismatch";
  /** What was found, for a message: `ECONNREFUSED`. */
  readonly found: string;
}

export function faultOf(
  error: unknown,
  { user, vhost }: Pick<BrokerAddress, "user" | "vhost">,
): RabbitmqFault {
  const { code, message } = toNamed(error);
  const said = /with message "([^]*)"$/.exec(message)?.[1];
  if (message.startsWith("Handshake terminated by server: 403"))
    return { type: "refused", found: `it does not take the password of user ${user}` };
  // The client drops the reason of the broker here: an unknown virtual host (530), or one that the user may not enter.
  if (message.startsWith("Expected ConnectionOpenOk; got <ConnectionClose"))
    return {
      type: "refused",
      found: `it does not let user ${user} into virtual host ${vhost}: it does not exist, or the user has no permissions there`,
    };
  if (message.startsWith("SASL mechanism")) return { type: "refused", found: "it takes no passwords" };
  if (code === 403) return { type: "refused", found: said ?? "the user may not do that" };
  if (code === 404 || code === 405 || code === 406)
    return { type: "mismatch", found: said ?? `it answered ${code}` };
  if (typeof code === "string" && TLS.test(code)) return { type: "refused", found: `TLS: ${code}` };
  if (message.startsWith("Frame size")) return { type: "away", found: "what answers there is no RabbitMQ" };
  return { type: "away", found: typeof code === "string" ? code : (said ?? message) };
}

/** Of OpenSSL, and of Node's judgment of a certificate. */
const TLS = /^ERR_(?:SSL|TLS)_|CERT|^UNABLE_TO_(?:GET|VERIFY)/;

function toNamed(error: unknown): { readonly code: unknown; readonly message: string } {
  if (typeof error !== "object" || error === null) return { code: undefined, message: String(error) };
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return { code, message: typeof message === "string" && message !== "" ? message : "no reason" };
}

const OURS = ["FLOW_BROKER_UNAVAILABLE", "FLOW_BROKER_REFUSED", "FLOW_BROKER_MISMATCH"] as const;

/** The error with which a start ends, and what the health says later: `what` was wanted, a connection or a queue. Without credentials. */
export function brokerError(what: string, address: BrokerAddress, error: unknown): Error {
  if (OURS.some((code) => hasCode(error, code))) return error as Error;
  const { type, found } = faultOf(error, address);
  const who = `RabbitMQ at ${address.shown}`;
  switch (type) {
    case "refused":
      return engineError(
        "FLOW_BROKER_REFUSED",
        `${who} refuses the ${what}: ${found}; see the user's password and permissions, and the options url and tls`,
      );
    case "mismatch":
      return engineError("FLOW_BROKER_MISMATCH", `${who} has no such ${what}: ${found}`);
    case "away":
      return engineError(
        "FLOW_BROKER_UNAVAILABLE",
        `${who} gave no ${what}: ${found}; expected a broker that answers there: see the option url`,
      );
  }
}
