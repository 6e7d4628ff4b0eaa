/** @see https://redis.io/docs/latest/develop/reference/protocol-spec */
import type { Greeting } from "../server-adapter.ts";
import { ask } from "../wire.ts";

/** While Redis reads its data back it answers with an error; the version says that it serves. */
export function greetRedis(port: number): Promise<Greeting | undefined> {
  return ask({
    port,
    hello: Buffer.from("INFO server\r\n"),
    read(received) {
      const text = received.toString("latin1");
      if (!text.startsWith("$")) throw new Error("it refuses");
      const version = /^redis_version:(\S+)\r$/m.exec(text)?.[1];
      return version === undefined ? undefined : { version };
    },
  });
}
