import type { FastifyPluginAsync } from "fastify";
import { Type } from "typebox";
import { addProblemSchema, problemResponses } from "./problem-responses.ts";

/** Headers and parsed body of one request. */
interface CommandDelivery {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
}

export interface CommandRouteOptions {
  /** @default "/commands" */
  readonly path?: string;
  /** Takes a command in: `(delivery) => receiveCommand(receiver, delivery)` of the participant kit. */
  readonly receive: (
    delivery: CommandDelivery,
  ) => Promise<{ readonly status: 200 | 202; readonly body: unknown }>;
}

const Command = Type.Object(
  {
    commandId: Type.String({ description: "The same for each attempt; also in the header Idempotency-Key." }),
    type: Type.String({ examples: ["RefundPayment"] }),
    runId: Type.String({ description: "Where a later answer goes: POST /v1/runs/{runId}/events." }),
    flow: Type.String(),
    flowVersion: Type.Integer(),
    attempt: Type.Integer({ minimum: 1 }),
    data: Type.Unknown(),
  },
  { description: "A command of a flow." },
);

const Event = Type.Object(
  { type: Type.String({ examples: ["PaymentRefunded"] }), data: Type.Unknown() },
  { description: "The event that answers the command." },
);

/**
 * The route of a service that takes commands over HTTP, for a server of the host, which makes problem bodies of what `receive` throws.
 * It knows no caller: put it behind the service's own authentication where the network is not trusted.
 */
export function commandRoute({ path = "/commands", receive }: CommandRouteOptions): FastifyPluginAsync {
  return async (app) => {
    addProblemSchema(app);
    app.post(
      path,
      {
        schema: {
          tags: ["commands"],
          summary: "Carry out a command of a flow",
          description:
            "A repeat of a command, known by its id, changes nothing and is answered as the first time.",
          body: Command,
          response: {
            200: Event,
            202: { type: "null", description: "Taken; the event comes later, or a query has no news." },
            ...problemResponses({
              400: "FLOW_COMMAND_REFUSED",
              429: "FLOW_COMMAND_OVERLOADED",
              503: "FLOW_HANDLER_FAILED",
              504: "FLOW_COMMAND_TIMEOUT",
            }),
          },
        },
        serializerCompiler: () => (body) => JSON.stringify(body),
      },
      async ({ headers, body }, reply) => {
        const answer = await receive({ headers, body });
        return reply.code(answer.status).send(answer.body);
      },
    );
  };
}
