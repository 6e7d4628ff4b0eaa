import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { ERROR_KINDS } from "@sluice/contracts/problem";
import type { LaneInput } from "../../../core/inputs.ts";
import { engineError } from "../../../core/errors.ts";
import { INPUTS_MAX, INPUTS_PATH, LANES_PATH } from "../peers.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";

/** Of what the input is part of. */
const Trace = Type.Optional(
  Type.Object({ traceparent: Type.String(), tracestate: Type.Optional(Type.String()) }),
);

const Start = Type.Object({
  kind: Type.Literal("start"),
  runId: Type.String(),
  flow: Type.String(),
  flowVersion: Type.Integer(),
  key: Type.Union([Type.String(), Type.Null()]),
  startId: Type.Union([Type.String(), Type.Null()]),
  lane: Type.Integer(),
  data: Type.Record(Type.String(), Type.Unknown()),
  trace: Trace,
});

const Event = Type.Object({
  kind: Type.Literal("event"),
  runId: Type.String(),
  id: Type.String(),
  type: Type.String(),
  data: Type.Unknown(),
  commandId: Type.Optional(Type.String()),
  trace: Trace,
});

/** What a participant said over a broker whose consumer is not where the lane is. */
const Settled = Type.Object({
  kind: Type.Literal("settled"),
  runId: Type.String(),
  commandId: Type.String(),
  attempt: Type.Integer({ minimum: 1 }),
  settlement: Type.Union([
    Type.Object({
      type: Type.Literal("answered"),
      event: Type.Object({ type: Type.String(), data: Type.Unknown() }),
    }),
    Type.Object({
      type: Type.Literal("failed"),
      error: Type.Object({
        code: Type.String(),
        kind: Type.Enum(Object.keys(ERROR_KINDS)),
        message: Type.String(),
        retryAfterMs: Type.Optional(Type.Integer({ minimum: 0 })),
      }),
    }),
  ]),
  trace: Trace,
});

/** The engine's rules look at what an operation says; here it only has to be one. */
const OperationInput = Type.Object({
  kind: Type.Literal("operation"),
  runId: Type.String(),
  id: Type.String(),
  operation: Type.Object({
    type: Type.Enum(["cancel", "retry", "redrive", "skip", "force", "migrate"]),
    compensate: Type.Optional(Type.Boolean()),
    state: Type.Optional(Type.String()),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    toVersion: Type.Optional(Type.Integer()),
  }),
  by: Type.String(),
  reason: Type.Union([Type.String(), Type.Null()]),
  where: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  trace: Trace,
});

/** What comes from outside is forwarded: from callers, and from participants over a broker. All else is each owner's own. */
const Inputs = Type.Object({
  inputs: Type.Array(Type.Union([Start, Event, Settled, OperationInput]), { maxItems: INPUTS_MAX }),
});

/**
 * What other engines of the deployment say. `POST /internal/v1/inputs`: what one has taken in for a lane that is owned here.
 * `POST /internal/v1/lanes`: lanes have moved.
 */
export function addInternalRoutes(app: ApiApp, engine: ApiEngine, inputsBytesMax: number): void {
  const expected = digestOf(`Bearer ${engine.secret}`);
  app.post(
    INPUTS_PATH,
    {
      schema: { hide: true, body: Inputs },
      bodyLimit: inputsBytesMax,
      // Engines know the deployment's secret, not a key.
      config: { scope: null },
      // Before the body is read: a stranger costs no more than its headers.
      onRequest: async (request) => requireSecret(request, expected),
    },
    async ({ body }) => ({ answers: await engine.receive(body.inputs as readonly LaneInput[]) }),
  );
  app.post(
    LANES_PATH,
    {
      schema: { hide: true },
      config: { scope: null },
      onRequest: async (request) => requireSecret(request, expected),
    },
    async (_request, reply) => {
      engine.lanesMoved();
      return reply.code(204).send();
    },
  );
}

/** Compares digests, which have equal lengths, in constant time: neither the secret nor its length can be measured. */
function requireSecret({ headers }: FastifyRequest, expected: Buffer): void {
  if (timingSafeEqual(digestOf(headers.authorization ?? ""), expected)) return;
  throw engineError("FLOW_FORBIDDEN", "this is for the engines of the deployment, which know its secret");
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
