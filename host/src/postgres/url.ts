/** Where a Postgres is: a URL, or the socket of the embedded one. */
import { join } from "node:path";
import { Expected, parseUrl } from "../options-values.ts";

/** A server on a unix socket. There is no password: who may enter the folder may connect. */
export interface SocketTarget {
  readonly socketDirectory: string;
  /** Only a part of the socket's file name. */
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** `postgres://user:password@host:port/database`, or a socket. */
export type PostgresTarget = string | SocketTarget;

export function socketPath({
  socketDirectory,
  port,
}: Pick<SocketTarget, "socketDirectory" | "port">): string {
  return join(socketDirectory, `.s.PGSQL.${port}`);
}

/** What a URL has to be instead, or null when it is one of a Postgres. */
export function urlFault(url: string): string | null {
  const parsed = parseUrl(url, { schemes: ["postgres", "postgresql"] });
  return parsed instanceof Expected ? parsed.text : null;
}

/** A target for a log line or a message: without password and without parameters. */
export function describeTarget(target: PostgresTarget): string {
  if (typeof target !== "string") return `${socketPath(target)} (database ${target.database})`;
  if (urlFault(target) !== null) return "an unreadable URL";
  const { host, pathname } = new URL(target);
  return `${host}${pathname}`;
}

/** The same server, another database. */
export function withDatabase(target: PostgresTarget, database: string): PostgresTarget {
  if (typeof target !== "string") return { ...target, database };
  const url = new URL(target);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}
