import type { Static } from "typebox";
import type { Paused } from "../../../client/operator.ts";
import { engineError } from "../../../core/errors.ts";
import type { PauseRow } from "../../../core/ports.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { OperateHeaders, askedOf } from "./asked.ts";
import { PauseBody } from "./operation-schemas.ts";
import { viewPause } from "./operation-views.ts";
import { bindCursor, cutPage, linkNext, openCursor } from "./pages.ts";
import { PageQuery, pageOf, ref } from "./schemas.ts";
import type { StandingPauses } from "./standing-pauses.ts";

const tags = ["operations"];

/** `GET /v1/pauses` */
export function addPauseListRoute(app: ApiApp, { operator }: ApiEngine): void {
  app.get(
    "/v1/pauses",
    {
      schema: {
        operationId: "listPauses",
        tags,
        summary: "List what stands still",
        description: "By flow: whole flows, states, and command types that an operator has paused.",
        querystring: PageQuery,
        response: {
          200: pageOf("Pause", "A page of pauses."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const { limit } = request.query;
      const after = openCursor({ list: "pauses" }, request.query.cursor);
      const pauses = [...(await operator.listPauses())].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      const page = cutPage(pauses, limit, {
        of: keyOf,
        isBehind: (pause) => after === undefined || keyOf(pause) > after,
      });
      const next = bindCursor({ list: "pauses" }, page.cursor);
      linkNext(request, reply, next);
      return { items: page.items.map(viewPause), cursor: next };
    },
  );
}

/** `POST /v1/pauses` */
export function addPauseRoute(app: ApiApp, { operator }: ApiEngine, standing: StandingPauses): void {
  app.post(
    "/v1/pauses",
    {
      schema: {
        operationId: "pause",
        tags,
        summary: "Pause a flow, a state or a command type",
        description:
          "What Sluice does by itself stands still: commands are not sent, timers do not fire, schedules start nothing, and a paused flow " +
          "takes no new runs. Events are taken in all the same, since they have happened. Nothing is lost by it.",
        headers: OperateHeaders,
        body: PauseBody,
        response: {
          200: ref("Pause", "It stood still already."),
          201: ref("Pause", "It stands still from now on."),
          ...problemResponses({
            404: "FLOW_UNKNOWN_FLOW",
            413: "HOST_BODY_TOO_LARGE",
            415: "HOST_UNSUPPORTED_MEDIA_TYPE",
            422: "FLOW_BAD_OPERATION, FLOW_IDEMPOTENCY_CONFLICT",
          }),
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const { pause, isNew } = await operator.pause(toPaused(body), askedOf(request, body));
      standing.forget();
      return reply.code(isNew ? 201 : 200).send(viewPause(pause));
    },
  );
}

/** `POST /v1/pauses/resume` */
export function addResumeRoute(app: ApiApp, { operator }: ApiEngine, standing: StandingPauses): void {
  app.post(
    "/v1/pauses/resume",
    {
      schema: {
        operationId: "resume",
        tags,
        summary: "Resume what is paused",
        description: "What was kept back goes on: commands are sent, and timers whose time has come fire.",
        headers: OperateHeaders,
        body: PauseBody,
        response: {
          200: ref("Resumed", "It goes on."),
          ...problemResponses({
            413: "HOST_BODY_TOO_LARGE",
            415: "HOST_UNSUPPORTED_MEDIA_TYPE",
            422: "FLOW_BAD_OPERATION, FLOW_IDEMPOTENCY_CONFLICT",
          }),
        },
      },
    },
    async (request) => {
      const { body } = request;
      const wasPaused = await operator.resume(toPaused(body), askedOf(request, body));
      standing.forget();
      return { wasPaused };
    },
  );
}

/** @throws FLOW_BAD_OPERATION (invalid) */
function toPaused({ flow, state, command }: Static<typeof PauseBody>): Paused {
  if (state !== undefined && command !== undefined)
    throw engineError("FLOW_BAD_OPERATION", "both a state and a command, expected one of them, or neither");
  if (state !== undefined) return { flow, scope: "state", name: state };
  return command === undefined
    ? { flow, scope: "flow", name: "" }
    : { flow, scope: "command", name: command };
}

/** No name of a definition holds a slash. */
function keyOf({ flow, scope, name }: Pick<PauseRow, "flow" | "scope" | "name">): string {
  return `${flow}/${scope}/${name}`;
}
