/**
 * The wire between an engine and Postgres, with a place at each message where it can be cut. Owns: the connections that go through it.
 * Y1  Messages are counted apart for each kind of session and each direction, so that the n-th is the same one in each trial, whatever
 *     others send meanwhile.
 * Y2  The message at which the wire is cut is not passed on, nor anything of its connection after it. All before it is.
 */
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { MessageCutter, startupParameters } from "./message-cutter.ts";

/** Where messages are counted: `writer` sends the batches, `pool` everything else. */
export type WirePlace = `${"writer" | "pool"} ${"asks" | "hears"}`;

export interface WirePoint {
  readonly place: WirePlace;
  /** Counted from 1. */
  readonly nth: number;
}

const HOST = "127.0.0.1";
const WRITER = /^sluice-writer\//;

interface Connection {
  readonly near: Socket;
  readonly far: Socket;
  session: "writer" | "pool";
  isCut: boolean;
}

export class Wire {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #counts = new Map<WirePlace, number>();
  #armed: (WirePoint & { readonly strike: () => void }) | null = null;

  private constructor(target: URL) {
    this.#server = createServer((near) => this.#connect(near, target));
  }

  /** To the Postgres of this URL. */
  static async open(databaseUrl: string): Promise<Wire> {
    const wire = new Wire(new URL(databaseUrl));
    wire.#server.listen(0, HOST);
    await once(wire.#server, "listening");
    return wire;
  }

  /** The same database through this wire. */
  urlOf(databaseUrl: string): string {
    const url = new URL(databaseUrl);
    url.hostname = HOST;
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Cuts all connections, counts from zero, and cuts the one that comes to the point. */
  arm(point: WirePoint | null, strike: () => void): void {
    this.#armed = null;
    for (const connection of this.#connections) cut(connection);
    this.#counts = new Map();
    this.#armed = point === null ? null : { ...point, strike };
  }

  /** Nothing is cut any more. */
  disarm(): void {
    this.#armed = null;
  }

  /** How many messages have passed since it was armed, by place. */
  get counts(): ReadonlyMap<WirePlace, number> {
    return this.#counts;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const { near, far } of this.#connections) {
      near.destroy();
      far.destroy();
    }
    await closed;
  }

  #connect(near: Socket, { hostname, port }: URL): void {
    const far = createConnection({ host: hostname, port: Number(port), noDelay: true });
    near.setNoDelay(true);
    const connection: Connection = { near, far, session: "pool", isCut: false };
    this.#connections.add(connection);
    this.#pass(connection, "asks");
    this.#pass(connection, "hears");
  }

  #pass(connection: Connection, direction: "asks" | "hears"): void {
    const { near, far } = connection;
    const [from, to] = direction === "asks" ? [near, far] : [far, near];
    const cutter = new MessageCutter(direction === "asks" ? "client" : "server");
    from.on("data", (bytes) => {
      for (const message of cutter.take(bytes)) {
        if (connection.isCut) return;
        if (message.type === "" && WRITER.test(startupParameters(message).get("application_name") ?? ""))
          connection.session = "writer";
        if (this.#isPoint(`${connection.session} ${direction}`)) return cut(connection);
        to.write(message.bytes);
      }
    });
    // What follows an error is a close.
    from.on("error", () => {});
    from.on("close", () => {
      this.#connections.delete(connection);
      to.destroySoon();
    });
  }

  /** Counts a message, and strikes when it is the one. */
  #isPoint(place: WirePlace): boolean {
    const nth = (this.#counts.get(place) ?? 0) + 1;
    this.#counts.set(place, nth);
    const armed = this.#armed;
    if (armed?.place !== place || armed.nth !== nth) return false;
    this.#armed = null;
    armed.strike();
    return true;
  }
}

/** What was passed on before still arrives. */
function cut(connection: Connection): void {
  connection.isCut = true;
  connection.near.destroySoon();
  connection.far.destroySoon();
}
