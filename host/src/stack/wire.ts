/** A few words with a server on this machine, over a connection of their own. */
import { createConnection } from "node:net";
import { LOOPBACK } from "./server-adapter.ts";

export interface Question<Answer> {
  readonly port: number;
  readonly hello: Buffer;
  /**
   * Reads all that has arrived. `undefined`: not enough yet; `reply` says something more; an exception: this is no answer.
   */
  read(received: Buffer, reply: (bytes: Buffer) => void): Answer | undefined;
  /** @default 2000 */
  readonly waitMs?: number;
}

const WAIT_MS = 2_000;
/** More than any server says when it is greeted. */
const RECEIVED_BYTES_MAX = 262_144;

/** Asks and waits for the answer; `undefined` when nobody answers, or not so. */
export function ask<Answer>(question: Question<Answer>): Promise<Answer | undefined> {
  const { port, hello, read, waitMs = WAIT_MS } = question;
  const answered = Promise.withResolvers<Answer | undefined>();
  const socket = createConnection({ host: LOOPBACK, port });
  const timer = setTimeout(() => end(undefined), waitMs);
  let received = Buffer.alloc(0);
  const end = (answer: Answer | undefined): void => {
    clearTimeout(timer);
    socket.destroy();
    answered.resolve(answer);
  };
  socket.on("error", () => end(undefined));
  socket.on("close", () => end(undefined));
  socket.on("data", (part) => {
    received = Buffer.concat([received, part]);
    try {
      const answer = read(received, (bytes) => socket.write(bytes));
      if (answer !== undefined || received.length > RECEIVED_BYTES_MAX) end(answer);
    } catch {
      end(undefined);
    }
  });
  socket.write(hello);
  return answered.promise;
}
