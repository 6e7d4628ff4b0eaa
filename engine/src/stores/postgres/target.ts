/** A server on a unix socket. There is no password: who may enter the folder may connect. */
export interface SocketTarget {
  readonly socketDirectory: string;
  /** Only a part of the socket's file name. */
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** Where a Postgres is: `postgres://user:password@host:port/database`, or a socket. */
export type PostgresTarget = string | SocketTarget;
