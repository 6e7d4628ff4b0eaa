/**
 * One connection with one request under way: HTTP/1.1 as far as the engine's answers need it. A client made for all servers costs several times
 * as much a request, and what the callers cost, on the same cores, is taken from the engine.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Answered } from "./outcome-of.ts";

const END_OF_HEAD = "\r\n\r\n";
const STATUS = /^HTTP\/1\.1 (\d{3})/;
const CONTENT_LENGTH = /^content-length:[ \t]*(\d+)[ \t]*$/im;
const RETRY_AFTER = /^retry-after:[ \t]*(.*?)[ \t]*$/im;

export class Connection {
  readonly #url: URL;
  #socket: Socket | null = null;
  #received: Buffer = Buffer.alloc(0);
  #waiting: PromiseWithResolvers<Answered> | null = null;

  constructor(url: URL) {
    this.#url = url;
  }

  /** `head` is the request's, without its length and the empty line. Opens the connection where it is not open. */
  async send(head: string, body: string): Promise<Answered> {
    if (this.#waiting !== null) throw new Error("a request is under way on this connection");
    const waiting = Promise.withResolvers<Answered>();
    this.#waiting = waiting;
    const socket = (this.#socket ??= this.#open());
    socket.write(`${head}content-length: ${Buffer.byteLength(body)}${END_OF_HEAD}${body}`);
    return waiting.promise;
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true });
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.once("error", (error) => this.#lose(socket, error));
    socket.once("close", () => this.#lose(socket, new Error("the connection was closed")));
    return socket;
  }

  #lose(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = parseAnswer(this.#received);
    if (answer === null) return;
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = null;
    if (answer instanceof Error) this.#socket?.destroy(answer);
    if (answer instanceof Error) waiting?.reject(answer);
    else waiting?.resolve(answer);
  }
}

/** `null` while there is more to come. @see RFC 9112 */
function parseAnswer(received: Buffer): Answered | Error | null {
  const headLength = received.indexOf(END_OF_HEAD);
  if (headLength === -1) return null;
  const head = received.toString("latin1", 0, headLength);
  const status = STATUS.exec(head)?.[1];
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (status === undefined || length === undefined)
    return new Error(`an answer without status or length: ${head.slice(0, 200)}`);
  const bodyAt = headLength + END_OF_HEAD.length;
  if (received.length < bodyAt + Number(length)) return null;
  return {
    status: Number(status),
    retryAfter: RETRY_AFTER.exec(head)?.[1] ?? null,
    body: received.toString("utf8", bodyAt, bodyAt + Number(length)),
  };
}
