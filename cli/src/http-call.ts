/**
 * One request over HTTP, by Node's own client. Not `fetch`, which refuses some ports because browsers do; and not undici itself, whose
 * hundred modules would be half of a command's start.
 */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";

export interface HttpCall {
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A server that says nothing for so long is given up. */
  readonly silenceMs?: number;
}

/**
 * Resolves with the head of the answer; its body follows.
 * @throws Error as the socket does; `AbortError` once `signal` is aborted; `SilenceError` after `silenceMs`
 */
export async function callHttp(address: string, call: HttpCall): Promise<IncomingMessage> {
  const { method = "GET", headers, body, signal, silenceMs } = call;
  const { request } = await (address.startsWith("https:") ? import("node:https") : import("node:http"));
  const asked = request(address, {
    method,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  if (silenceMs !== undefined) asked.setTimeout(silenceMs, () => asked.destroy(new SilenceError(silenceMs)));
  // What fails behind the head of the answer breaks its body too, and whoever reads that is told.
  asked.on("error", () => {});
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return answer;
}

/** The server has said nothing for too long. */
export class SilenceError extends Error {
  constructor(silenceMs: number) {
    super(`nothing came for ${silenceMs} ms`);
  }
}

/** The rest of an answer, as text. */
export async function readText(answer: IncomingMessage): Promise<string> {
  answer.setEncoding("utf8");
  let text = "";
  for await (const part of answer) text += String(part);
  return text;
}
