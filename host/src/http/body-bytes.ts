/**
 * The bytes of bodies in flight: a limit on all of them together, since one on each alone bounds nothing that a crowd cannot multiply.
 * A declared length counts before the first byte is read, a chunked body as it arrives. What was counted is given back with the answer.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Transform } from "node:stream";
import type { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { hostError } from "../errors.ts";

export interface BodyBytesOptions {
  readonly bodiesBytesMax: number;
  /** What a refused caller is told to wait. */
  readonly retryAfterMs: number;
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
    if (declared === null) return done(null, counted(payload, reply.raw, take));
    // One that is too large on its own is refused for that, and not read.
    if (declared <= request.routeOptions.bodyLimit) take(declared, reply.raw);
    done(null, payload);
  });
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
    if (bytes === 0 || response.closed) return;
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
