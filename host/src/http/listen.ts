/** Listening with refusals that help: who holds the port, and which option chooses another. */
import type { FastifyInstance } from "fastify";
import { hostError } from "../errors.ts";
import { variableOf } from "../options.ts";
import { describeProcess } from "../process-identity.ts";
import { findPortHolder } from "./port-holder.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Connections that wait to be accepted. With Node's 511 a crowd of a thousand that connects at once finds no room, and the system of each that
 * found none waits for a second, then for two more, before it tries again. The system's own limit holds as well (net.core.somaxconn).
 */
const BACKLOG_MAX = 4_096;

const REMEDY = `the option port (--port) or the variable ${variableOf("http", "port")}`;

/** Opens the port and answers the one that was opened, which differs from the asked one when that was 0. */
export async function listen(app: FastifyInstance, { host, port }: Address): Promise<Address> {
  try {
    await app.listen({ host, port, backlog: BACKLOG_MAX });
  } catch (error) {
    throw await toListenError(error, { host, port });
  }
  const address = app.server.address();
  return { host, port: typeof address === "object" && address !== null ? address.port : port };
}

async function toListenError(error: unknown, { host, port }: Address): Promise<unknown> {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE": {
      const holderPid = await findPortHolder(port);
      const who = holderPid === undefined ? "another process" : await describeProcess(holderPid);
      return hostError(
        "HOST_PORT_TAKEN",
        `http: port ${port} of ${host} is held by ${who}, expected a free port; stop that process, or choose another port with ${REMEDY}`,
        { fields: { host, port, holderPid }, cause: error },
      );
    }
    case "EACCES":
      return hostError(
        "HOST_BAD_OPTION",
        `http: port is ${port}, which this user may not open, expected one of at least 1024; set ${REMEDY}`,
        { fields: { host, port }, cause: error },
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return hostError(
        "HOST_BAD_OPTION",
        `http: host is ${JSON.stringify(host)}, which is no address of this machine, expected one such as 127.0.0.1 or 0.0.0.0; set the option host or the variable ${variableOf("http", "host")}`,
        { fields: { host, port }, cause: error },
      );
    default:
      return error;
  }
}
