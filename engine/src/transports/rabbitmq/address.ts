/** Where a broker is and who we are there. The password leaves this file for the client alone. */
import type { ConnectionOptions as TlsOptions } from "node:tls";
import type { Options } from "amqplib";
import { badOption } from "./bad-option.ts";

export interface BrokerAddress {
  readonly connect: Options.Connect;
  readonly tls: TlsOptions;
  /** For people: without credentials. */
  readonly shown: string;
  readonly user: string;
  readonly vhost: string;
}

/** After two of them without a sign of life a connection counts as broken; a frozen broker is found out within half a minute. */
const HEARTBEAT_SECONDS = 10;

const PORTS: Readonly<Record<string, number>> = { "amqp:": 5672, "amqps:": 5671 };

/** @throws FLOW_BAD_OPTION (invalid), without repeating what may be secret */
export function resolveAddress(text: string, tls: TlsOptions | undefined): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  const port = PORTS[url?.protocol ?? ""];
  if (url === null || port === undefined || url.hostname === "") throw noAddress();
  if (url.search !== "" || url.hash !== "")
    throw badOption("url has a query or a fragment, expected none; TLS goes into the option tls");
  if (tls !== undefined && url.protocol === "amqp:")
    throw badOption("tls is given and the url is amqp, expected amqps, or no tls");
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const vhost = decode(url.pathname.slice(1)) || "/";
  const isNamed = url.username !== "" || url.password !== "";
  const user = isNamed ? decode(url.username) : GUEST;
  return Object.freeze({
    connect: {
      protocol: url.protocol.slice(0, -1),
      hostname,
      port: url.port === "" ? port : Number(url.port),
      username: user,
      password: isNamed ? decode(url.password) : GUEST,
      vhost,
      heartbeat: HEARTBEAT_SECONDS,
    },
    tls: tls ?? {},
    shown: `${url.protocol}//${url.hostname}:${url.port === "" ? port : url.port}`,
    user,
    vhost,
  });
}

/** Who comes without credentials; RabbitMQ lets it in from its own machine only. */
const GUEST = "guest";

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw noAddress();
  }
}

function noAddress(): Error {
  return badOption(
    "url is no address of RabbitMQ, expected one such as amqp://user:password@127.0.0.1:5672/vhost with what is special in it percent-encoded",
  );
}
