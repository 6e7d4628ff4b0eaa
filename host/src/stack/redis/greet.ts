/** @see https://redis.io/docs/latest/develop/reference/protocol-spec */
import type { Greeting } from "../server-adapter.ts";
import { ask } from "../wire.ts";

const PONG = "+PONG\r\n$";

/** While Redis reads its data back it tells its version, and answers a ping with an error. */
export function greetRedis(port: number): Promise<Greeting | undefined> {
  return ask({
    port,
    hello: Buffer.from("PING\r\nINFO server\r\n"),
    read(received) {
      const text = received.toString("latin1");
      if (!text.startsWith(PONG.slice(0, text.length))) throw new Error("it does not serve yet");
      const version = /^redis_version:(\S+)\r$/m.exec(text)?.[1];
      return version === undefined ? undefined : { version };
    },
  });
}
