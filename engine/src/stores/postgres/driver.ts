/**
 * The driver (postgres.js 3.4.9) with what we need of it: one connection on a socket that we own, so that it can be cut at any moment
 * and cannot come back behind our back.
 */
import { createConnection } from "node:net";
import type { Socket } from "node:net";
import postgres from "postgres";
import type { Sql } from "postgres";
import { arrayTypes } from "./array-types.ts";
import type { ResolvedPostgresStoreOptions } from "./options.ts";
import { storeUnavailable } from "./store-error.ts";

export interface DriverOptions {
  readonly store: ResolvedPostgresStoreOptions;
  readonly applicationName: string;
  /** Settings of the session, by their Postgres names. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly onLost: () => void;
}

export interface Driver {
  readonly sql: Sql;
  /** Cuts the connection now; whatever is under way fails. */
  destroy(): void;
  /** Lets what is under way finish, then closes. */
  end(graceMs: number): Promise<void>;
}

export function openDriver(options: DriverOptions): Driver {
  let socket: Socket | undefined;
  let hasConnected = false;
  let isOver = false;
  const connect = async (parsed: ParsedTarget): Promise<Socket> => {
    if (hasConnected) throw storeUnavailable("the connection was lost");
    hasConnected = true;
    socket = await connectSocket(parsed, options.store.connectMs);
    // An error comes before its close, and in between the driver would write to a dead socket and wait for ever.
    socket.once("error", options.onLost);
    socket.once("close", options.onLost);
    if (isOver) socket.destroy();
    return socket;
  };
  const sql = createSql(options, connect);
  const destroy = (): void => {
    isOver = true;
    // After the driver has failed what is under way, so that it is told a reason.
    void sql.end({ timeout: 0 });
    socket?.destroy();
  };
  return {
    sql,
    destroy,
    async end(graceMs) {
      await sql.end({ timeout: graceMs / 1_000 });
      isOver = true;
      socket?.destroy();
    },
  };
}

function createSql(options: DriverOptions, connect: (parsed: ParsedTarget) => Promise<Socket>): Sql {
  const { target, schema, connectMs, statementMs } = options.store;
  const connection = {
    application_name: options.applicationName,
    search_path: `"${schema.replaceAll('"', '""')}"`,
    statement_timeout: statementMs,
    lock_timeout: Math.ceil(statementMs / 2),
    // Our statements touch few rows of tables with many parts: compiling them would take longer than they do.
    jit: "off",
    ...options.settings,
  };
  const settings = {
    max: 1,
    connect_timeout: connectMs / 1_000,
    idle_timeout: 0,
    // Ours are few and long-lived; ending one in mid-load only costs a reconnect.
    max_lifetime: null,
    fetch_types: false,
    types: arrayTypes,
    onnotice: () => {},
    // Not in the driver's types, but in its README: the socket is made by us.
    socket: connect,
    connection,
  };
  if (typeof target === "string")
    return postgres(withoutParameters(target, Object.keys(connection)), settings);
  const { socketDirectory, port, user, database } = target;
  const path = `${socketDirectory}/.s.PGSQL.${port}`;
  return postgres({ ...settings, host: socketDirectory, path, port, user, database });
}

/** The driver lets a URL override the settings of a session; a takeover must know our sessions by the name we gave them. */
function withoutParameters(target: string, names: readonly string[]): string {
  const url = new URL(target);
  for (const name of names) url.searchParams.delete(name);
  return url.href;
}

/** The driver's options, as far as they say where the server is. */
interface ParsedTarget {
  readonly path: string | false | undefined;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

/** The first of the hosts that takes a connection. */
async function connectSocket({ path, host, port }: ParsedTarget, connectMs: number): Promise<Socket> {
  if (typeof path === "string") return connectTo({ path }, connectMs);
  let failure: unknown;
  for (const [at, name] of host.entries()) {
    try {
      // The driver needs the name to check the server's certificate.
      return Object.assign(await connectTo({ host: name, port: port[at] ?? 5432 }, connectMs), {
        host: name,
      });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Writes wait in the socket, not in the driver: past this many bytes it would stop pipelining. */
const WRITE_BYTES_MAX = 67_108_864;

function connectTo(
  address: { readonly path: string } | { readonly host: string; readonly port: number },
  connectMs: number,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      ...address,
      noDelay: true,
      writableHighWaterMark: WRITE_BYTES_MAX,
    } as never);
    const timer = setTimeout(
      () => socket.destroy(storeUnavailable(`no connection within ${connectMs} ms`)),
      connectMs,
    );
    socket.once("error", reject);
    socket.once("close", () => clearTimeout(timer));
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error").removeAllListeners("close");
      resolve(socket);
    });
  });
}
