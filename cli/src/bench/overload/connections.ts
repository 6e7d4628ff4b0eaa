/** Connections to one engine, open before the load as those of a balancer are. */
import { definitionOf } from "../flow/definition-of.ts";
import { newOrder } from "../flow/order.ts";
import type { BenchFlow } from "../flow/bench-flow.ts";
import { Connection } from "./connection.ts";
import type { Ask } from "./offer-load.ts";
import { outcomeOf } from "./outcome-of.ts";

/** Longer than any answer takes, and the longest wait that the API grants. */
const WAIT_SECONDS = 60;

/** So many are opened at once: the system of the server has room for them. */
const OPENED_AT_ONCE = 100;

export interface Connections {
  readonly ask: Ask;
  /**
   * Opens those that are free, until there are so many. Under load it would be too late: of a crowd of new connections a process takes one for each
   * turn of its event loop, and between two of them it serves whoever else has asked.
   */
  open(count: number): Promise<void>;
  close(): void;
}

export function openConnections(url: string, flow: BenchFlow): Connections {
  const address = new URL(url);
  const host = `host: ${address.host}\r\n`;
  const start = `POST /v1/flows/${definitionOf(flow).name}/runs HTTP/1.1\r\n${host}content-type: application/json\r\nprefer: wait=${WAIT_SECONDS}\r\n`;
  const touch = `GET /livez HTTP/1.1\r\n${host}`;
  const all: Connection[] = [];
  const free: Connection[] = [];
  const make = (): Connection => {
    const connection = new Connection(address);
    all.push(connection);
    return connection;
  };
  return {
    open: async (count) => {
      while (all.length < count) free.push(make());
      for (let at = 0; at < free.length; at += OPENED_AT_ONCE)
        await Promise.all(
          free.slice(at, at + OPENED_AT_ONCE).map((connection) => connection.send(touch, "")),
        );
    },
    ask: async () => {
      const connection = free.pop() ?? make();
      try {
        const answered = await connection.send(start, JSON.stringify({ data: newOrder() }));
        const outcome = outcomeOf(answered);
        return outcome === "failed"
          ? { outcome, failure: `${answered.status} ${answered.body.slice(0, 300)}` }
          : { outcome };
      } finally {
        free.push(connection);
      }
    },
    close: () => {
      for (const connection of all) connection.close();
    },
  };
}
