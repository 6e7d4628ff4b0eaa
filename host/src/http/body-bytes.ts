/**
 * The bytes of bodies in flight: a limit on all of them together, since one on each alone bounds nothing that a crowd cannot multiply.
 * A declared length counts before the first byte is read, a chunked body as it arrives. What was counted is given back with the answer,
 * and a body that does not arrive is answered: what is only announced takes the place of others.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Transform } from "node:stream";
import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import { hostError } from "../errors.ts";

export interface BodyBytesOptions {
  readonly bodiesBytesMax: number;
  /** What a refused caller is told to wait. */
  readonly retryAfterMs: number;
  /** Silence within a body after which it is refused. */
  readonly bodySilenceMs: number;
}

/** Of these no body is read. */
const BODYLESS: ReadonlySet<string> = new Set(["GET", "HEAD", "TRACE"]);

/** What it costs to hold a chunk, however short: a body in chunks of one byte each would take a hundred times what it has. */
const CHUNK_BYTES = 128;

export function registerBodyBytes(app: FastifyInstance, options: BodyBytesOptions): void {
  const take = createBudget(options);
  app.addHook("preParsing", (request, reply, payload, done) => {
    if (BODYLESS.has(request.method)) return done(null, payload);
    const declared = declaredBytes(request.raw);
    // One that is too large on its own is refused for that, and not read.
    if (declared !== null && declared <= request.routeOptions.bodyLimit) take(declared, reply.raw);
    if (declared !== 0) refuseSilence(request.raw, reply, options.bodySilenceMs);
    done(null, declared === null ? counted(payload, reply.raw, take) : payload);
  });
}

/** Bytes are counted by the socket: a listener of the body's own would set it flowing before anybody reads it. */
function refuseSilence(raw: IncomingMessage, reply: FastifyReply, silenceMs: number): void {
  let bytesRead = raw.socket.bytesRead;
  const timer = setInterval(() => {
    const isSilent = raw.socket.bytesRead === bytesRead;
    bytesRead = raw.socket.bytesRead;
    if (!isSilent || reply.sent) return;
    over();
    const message = `nothing of the body came for ${silenceMs} ms (bodySilenceMs), expected all of it; send it again, faster`;
    void reply.header("connection", "close").send(hostError("HOST_REQUEST_TIMEOUT", message));
  }, silenceMs);
  const over = (): void => clearInterval(timer);
  raw.once("end", over);
  reply.raw.once("close", over);
}

/** Null for a chunked body, which does not say; 0 where there is none. */
function declaredBytes({ headers }: IncomingMessage): number | null {
  if (headers["transfer-encoding"] !== undefined) return null;
  return Number(headers["content-length"] ?? 0);
}

/**
 * Takes bytes from the budget until the answer closes, be it finished or not.
 * @throws HOST_OVERLOADED (overloaded) when all bodies together would be too large; nothing was taken then
 */
type Take = (bytes: number, response: ServerResponse) => void;

function createBudget({ bodiesBytesMax, retryAfterMs }: BodyBytesOptions): Take {
  const takenBy = new Map<ServerResponse, number>();
  let inFlight = 0;
  return (bytes, response) => {
    if (bytes === 0 || response.destroyed) return;
    if (inFlight + bytes > bodiesBytesMax) {
      throw hostError(
        "HOST_OVERLOADED",
        `the bodies of the requests under way have ${inFlight} bytes and this one ${bytes} more, expected at most ${bodiesBytesMax} in all; try again after the pause`,
        { fields: { bodiesBytesMax }, retryAfterMs },
      );
    }
    inFlight += bytes;
    const before = takenBy.get(response);
    takenBy.set(response, (before ?? 0) + bytes);
    if (before !== undefined) return;
    // "close" comes exactly once, also when the client left before its answer.
    response.once("close", () => {
      inFlight -= takenBy.get(response) ?? 0;
      takenBy.delete(response);
    });
  };
}

/** The same body, counted. Not by `pipeline`, which would cut the connection of a refused body before its sender is told. */
function counted(payload: Readable, response: ServerResponse, take: Take): Readable {
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, pass) {
      try {
        take(chunk.length + CHUNK_BYTES, response);
        pass(null, chunk);
      } catch (error) {
        pass(error as Error);
      }
    },
  });
  payload.once("error", (error) => counter.destroy(error));
  return payload.pipe(counter);
}
