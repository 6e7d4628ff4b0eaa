/**
 * The line between one process and its broker, which can be cut. Owns: the connections that go over it.
 * L1  Cut in silence, nothing is answered and nothing is refused, as when a cable is pulled; what was on its way arrives when it is mended.
 * L2  Cut with refusal, its connections break, and new ones are refused until it is mended.
 * L3  Who asks Kafka over it where Kafka is hears of the line.
 */
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { HOST } from "../storm/start-processes.ts";
import type { BrokerAddress } from "./broker-address.ts";
import { KafkaReaddresser } from "./kafka-frames.ts";

export type Cut = "silence" | "refusal";

interface Connection {
  readonly near: Socket;
  readonly far: Socket;
}

export class Line {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #broker: BrokerAddress;
  #cut: Cut | null = null;

  private constructor(broker: BrokerAddress) {
    this.#broker = broker;
    this.#server = createServer((near) => this.#connect(near));
  }

  static async open(broker: BrokerAddress): Promise<Line> {
    const line = new Line(broker);
    line.#server.listen(0, HOST);
    await once(line.#server, "listening");
    return line;
  }

  /** The broker, over this line. */
  get address(): BrokerAddress {
    const broker = this.#broker;
    if (broker.kind === "kafka") return { kind: "kafka", brokers: [`${HOST}:${this.#port}`] };
    const url = new URL(broker.url);
    url.port = String(this.#port);
    return { kind: "rabbitmq", url: url.href };
  }

  cut(how: Cut): void {
    this.#cut = how;
    if (how === "refusal") this.drop();
    else for (const socket of this.#sockets()) socket.pause();
  }

  mend(): void {
    this.#cut = null;
    for (const socket of this.#sockets()) socket.resume();
  }

  /** Breaks what is connected now. */
  drop(): void {
    for (const { near, far } of this.#connections) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.drop();
    await closed;
  }

  #sockets(): readonly Socket[] {
    return [...this.#connections].flatMap(({ near, far }) => [near, far]);
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #connect(near: Socket): void {
    if (this.#cut === "refusal") {
      // What follows an error is a close.
      near.on("error", () => {});
      near.resetAndDestroy();
      return;
    }
    const port = portOf(this.#broker);
    const far = createConnection({ host: HOST, port, noDelay: true });
    near.setNoDelay(true);
    const connection = { near, far };
    this.#connections.add(connection);
    this.#pass(connection, near, far, (bytes) => [bytes]);
    const readdresser = this.#broker.kind === "kafka" ? new KafkaReaddresser(HOST, port, this.#port) : null;
    this.#pass(connection, far, near, (bytes) => readdresser?.take(bytes) ?? [bytes]);
    if (this.#cut !== "silence") return;
    near.pause();
    far.pause();
  }

  #pass(connection: Connection, from: Socket, to: Socket, change: (bytes: Buffer) => Iterable<Buffer>): void {
    from.on("data", (bytes) => {
      for (const changed of change(bytes)) to.write(changed);
      // Who reads slowly is not written to faster.
      if (to.writableNeedDrain && this.#cut === null) {
        from.pause();
        to.once("drain", () => void (this.#cut === "silence" || from.resume()));
      }
    });
    from.on("error", () => {});
    from.on("close", () => {
      this.#connections.delete(connection);
      to.destroySoon();
    });
  }
}

function portOf(broker: BrokerAddress): number {
  const address = broker.kind === "kafka" ? `kafka://${broker.brokers[0]}` : broker.url;
  return Number(new URL(address).port);
}
