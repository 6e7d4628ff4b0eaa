/** @see https://kafka.apache.org/protocol: Metadata, version 1 */
import type { Greeting } from "../server-adapter.ts";
import { ask } from "../wire.ts";
import { KAFKA_VERSION } from "./version.ts";

const METADATA = 3;
const METADATA_VERSION = 1;
const CLIENT_ID = "sluice-start";
const LENGTH_BYTES = 4;

/** Kafka is ready when it counts itself among the brokers: before that its port is open, but it serves nothing. */
export function greetKafka(port: number): Promise<Greeting | undefined> {
  return ask({
    port,
    hello: metadataRequest(),
    read(received) {
      if (received.length < LENGTH_BYTES) return undefined;
      const length = received.readInt32BE(0);
      if (received.length < LENGTH_BYTES + length) return undefined;
      // Behind the length and the id of the request: how many brokers there are.
      const brokers = received.readInt32BE(LENGTH_BYTES + 4);
      if (brokers < 1) throw new Error("no broker yet");
      return { version: KAFKA_VERSION };
    },
  });
}

function metadataRequest(): Buffer {
  const clientId = Buffer.from(CLIENT_ID);
  const body = Buffer.alloc(2 + 2 + 4 + 2 + clientId.length + 4);
  body.writeInt16BE(METADATA, 0);
  body.writeInt16BE(METADATA_VERSION, 2);
  body.writeInt32BE(1, 4);
  body.writeInt16BE(clientId.length, 8);
  clientId.copy(body, 10);
  // No topics.
  body.writeInt32BE(0, 10 + clientId.length);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}
