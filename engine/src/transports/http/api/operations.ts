import type { Static, TObject } from "typebox";
import type { Operation } from "../../../core/inputs.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { OperateHeaders, askedOf, takeAbsentBody } from "./asked.ts";
import { CancelBody, ForceBody, MigrateBody, PlainBody } from "./operation-schemas.ts";
import type { OperationBody } from "./operation-schemas.ts";
import { parseOperation } from "./parse-operation.ts";
import { RunParams, ref } from "./schemas.ts";

interface OperationRoute {
  readonly type: Operation["type"];
  readonly summary: string;
  readonly description: string;
  readonly body: TObject;
  /** What a run may say to it, beside that it has ended. */
  readonly conflicts: readonly string[];
  readonly invalid?: readonly string[];
}

const ROUTES: readonly OperationRoute[] = [
  {
    type: "cancel",
    summary: "Cancel a run",
    description:
      "Ends it in the state `canceled`. Its steps are taken back first, the last of them first, unless `compensate` is false. " +
      "A run that takes steps back already ends in `canceled` instead, and one that a failing undo has parked stays parked. " +
      "What waits as its dead letters is dropped otherwise, and child runs nobody waits for any more are canceled too.",
    body: CancelBody,
    conflicts: ["FLOW_COMPENSATING"],
  },
  {
    type: "retry",
    summary: "Send a run's waiting commands again",
    description:
      "Now, and with all the attempts of their `retry` before them. A parked run is redriven, which does the same.",
    body: PlainBody,
    conflicts: ["FLOW_NOTHING_TO_RETRY"],
  },
  {
    type: "redrive",
    summary: "Take a parked run's dead letters in again",
    description: "In their order, as if they arrived now. What fails again parks the run again.",
    body: PlainBody,
    conflicts: ["FLOW_RUN_NOT_PARKED"],
  },
  {
    type: "skip",
    summary: "Drop what parked a run",
    description:
      "Those dead letters that wait behind it are taken in. A run that nothing would move any more refuses.",
    body: PlainBody,
    conflicts: ["FLOW_RUN_NOT_PARKED", "FLOW_WOULD_STRAND"],
  },
  {
    type: "force",
    summary: "Put a run into a state",
    description:
      "As if a transition had led there: its commands are sent and its timers set. Nothing is taken back. With `data` that is the run's data from now on.",
    body: ForceBody,
    conflicts: [],
    invalid: ["FLOW_UNKNOWN_STATE"],
  },
  {
    type: "migrate",
    summary: "Move a run to another version of its flow",
    description: "As the `migrations` of that version say. What it refuses leaves the run where it is.",
    body: MigrateBody,
    conflicts: ["FLOW_MIGRATION_REFUSED"],
    invalid: ["FLOW_MIGRATION_MISSING"],
  },
];

/** `POST /v1/runs/{id}/{cancel|retry|redrive|skip|force|migrate}` */
export function addOperationRoutes(app: ApiApp, engine: ApiEngine): void {
  for (const route of ROUTES) addOperationRoute(app, engine, route);
}

function addOperationRoute(
  app: ApiApp,
  { operator }: ApiEngine,
  { type, summary, description, body, conflicts, invalid = [] }: OperationRoute,
): void {
  app.post(
    `/v1/runs/:id/${type}`,
    {
      preValidation: takeAbsentBody,
      schema: {
        operationId: `${type}Run`,
        tags: ["operations"],
        summary,
        description,
        params: RunParams,
        headers: OperateHeaders,
        body,
        response: {
          200: ref("Operated", "It is done."),
          202: ref("Operated", "It is kept and will be done: the run cannot be reached now."),
          ...problemResponses({
            400: "FLOW_BAD_DATA",
            404: "FLOW_UNKNOWN_RUN",
            409: ["FLOW_RUN_FINAL", ...conflicts, "FLOW_HISTORY_FULL", "FLOW_VERSION_MISSING"].join(", "),
            413: "FLOW_DATA_TOO_LARGE, HOST_BODY_TOO_LARGE",
            415: "HOST_UNSUPPORTED_MEDIA_TYPE",
            422: [...invalid, "FLOW_IDEMPOTENCY_CONFLICT"].join(", "),
          }),
        },
      },
    },
    async (request, reply) => {
      const { by, reason, ...fields } = request.body as GivenBody;
      const operation = parseOperation({ type, ...fields });
      const asked = askedOf(request, { by, reason });
      const operated = await operator.operate(request.params.id, operation, asked);
      if (operated.isRepeat) void reply.header("idempotent-replayed", "true");
      return reply.code(operated.version === null ? 202 : 200).send(operated);
    },
  );
}

type GivenBody = Omit<Static<typeof OperationBody>, "type"> & Static<typeof PlainBody>;
