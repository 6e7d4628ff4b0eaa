/** A participant that takes commands over HTTP and answers none until it is let go. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";

export interface StalledParticipant {
  readonly url: string;
  /** Commands that wait for an answer now. */
  readonly waiting: number;
  /** Commands that have one. */
  readonly answered: number;
  stall(): void;
  /** Answers all that wait, and whatever comes until the next stall. */
  letGo(): void;
  close(): Promise<void>;
}

export async function startStalledParticipant(): Promise<StalledParticipant> {
  const waiting = new Set<ServerResponse>();
  let isStalled = true;
  let answered = 0;
  const answer = (response: ServerResponse): void => {
    answered++;
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ type: "Carried", data: {} }));
  };
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => {
      if (!isStalled) return answer(response);
      waiting.add(response);
      response.once("close", () => waiting.delete(response));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    get waiting() {
      return waiting.size;
    },
    get answered() {
      return answered;
    },
    stall: () => void (isStalled = true),
    letGo: () => {
      isStalled = false;
      for (const response of waiting) answer(response);
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
