import type { JsonObject } from "@sluice/contracts/envelope";
import type { FastifyReply } from "fastify";
import type { Static } from "typebox";
import type { JobWish } from "../../../client/operator.ts";
import type { ActionRow } from "../../../core/ports.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { OperateHeaders, askedOf, takeAbsentBody } from "./asked.ts";
import { JobBody, JobListQuery, JobParams, PreviewBody, PreviewPage, StopBody } from "./operation-schemas.ts";
import { jobOf, viewJob } from "./operation-views.ts";
import { bindCursor, linkNext, openCursor, pageBody } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { parseOperation, toRunFilter } from "./parse-operation.ts";
import { pageOf, ref } from "./schemas.ts";

const tags = ["operations"];

const LOCATION = { Location: { type: "string", description: "Where the job is read." } };

/** What every way to start a job answers. */
export const JOB_RESPONSES = {
  202: { ...ref("Job", "The job is kept and will be done."), headers: LOCATION },
  ...problemResponses({
    404: "FLOW_UNKNOWN_FLOW",
    409: "FLOW_MIGRATION_REFUSED",
    413: "HOST_BODY_TOO_LARGE",
    415: "HOST_UNSUPPORTED_MEDIA_TYPE",
    422: "FLOW_BAD_OPERATION, FLOW_UNKNOWN_STATE, FLOW_MIGRATION_MISSING, FLOW_IDEMPOTENCY_CONFLICT",
    429: "FLOW_JOBS_FULL",
  }),
};

/** `POST /v1/jobs` */
export function addJobStartRoute(app: ApiApp, { operator }: ApiEngine): void {
  app.post(
    "/v1/jobs",
    {
      schema: {
        operationId: "startJob",
        tags,
        summary: "Do something to many runs",
        description:
          "To all that the filter names and that have not ended. The engine carries it out in the background and goes on with it after a " +
          "crash; to each run it happens once. Runs that refuse are counted by their reason and left as they are.",
        headers: OperateHeaders,
        body: JobBody,
        response: JOB_RESPONSES,
      },
    },
    async (request, reply) => {
      const { body } = request;
      return answerJob(app, reply, await operator.startJob(toWish(body), askedOf(request, body)));
    },
  );
}

export function answerJob(app: ApiApp, reply: FastifyReply, action: ActionRow): FastifyReply {
  return reply.code(202).header("location", `${app.prefix}/v1/jobs/${action.actionId}`).send(viewJob(action));
}

function toWish({ operation, filter, dryRun, runsPerSecond }: Static<typeof JobBody>): JobWish {
  return {
    operation: parseOperation(operation),
    filter: toRunFilter(filter),
    isDryRun: dryRun ?? false,
    runsPerSecond: runsPerSecond ?? null,
  };
}

/** `POST /v1/jobs/preview` */
export function addJobPreviewRoute(app: ApiApp, { operator }: ApiEngine): void {
  app.post(
    "/v1/jobs/preview",
    {
      // It changes nothing; it is a POST because of its body.
      config: { scope: "read" },
      schema: {
        operationId: "previewJob",
        tags,
        summary: "See what a job would do to each run",
        description:
          "Page by page, without doing it. Runs move on meanwhile, so what a job does later may differ. " +
          "Where the job itself would be refused as a whole, `refusal` says why, and the runs are listed all the same.",
        body: PreviewBody,
        response: {
          200: PreviewPage,
          ...problemResponses({
            400: "FLOW_BAD_CURSOR",
            404: "FLOW_UNKNOWN_FLOW",
            413: "HOST_BODY_TOO_LARGE",
            415: "HOST_UNSUPPORTED_MEDIA_TYPE",
            422: "FLOW_BAD_OPERATION, FLOW_UNKNOWN_STATE, FLOW_MIGRATION_MISSING",
          }),
        },
      },
    },
    async ({ body }) => {
      const { operation, filter, cursor, limit } = body;
      const wish: JobWish = { operation: parseOperation(operation), filter: toRunFilter(filter) };
      const listing: Listing = { list: "preview", filters: { operation, filter } as JsonObject };
      const inner = openCursor(listing, cursor);
      const page = await operator.preview(wish, { limit, ...(inner === undefined ? {} : { cursor: inner }) });
      const { items, refusal } = page;
      return {
        items,
        cursor: bindCursor(listing, page.cursor),
        ...(refusal === undefined ? {} : { refusal }),
      };
    },
  );
}

/** `GET /v1/jobs` */
export function addJobListRoute(app: ApiApp, { operator }: ApiEngine): void {
  app.get(
    "/v1/jobs",
    {
      schema: {
        operationId: "listJobs",
        tags,
        summary: "List jobs",
        description: "Newest first. Operations on single runs are in the audit.",
        querystring: JobListQuery,
        response: {
          200: pageOf("Job", "A page of jobs."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const { cursor, limit, ...filters } = request.query;
      const listing: Listing = { list: "jobs", filters };
      const inner = openCursor(listing, cursor);
      const page = await operator.listActions({
        ...filters,
        kind: "runs",
        limit,
        ...(inner === undefined ? {} : { cursor: inner }),
      });
      const next = bindCursor(listing, page.cursor);
      linkNext(request, reply, next);
      return pageBody(page.items.map(viewJob), next, page);
    },
  );
}

/** `GET /v1/jobs/{id}` */
export function addJobRoute(app: ApiApp, { operator }: ApiEngine): void {
  app.get(
    "/v1/jobs/:id",
    {
      schema: {
        operationId: "getJob",
        tags,
        summary: "Read how far a job is",
        params: JobParams,
        response: {
          200: ref("Job", "The job."),
          ...problemResponses({
            404: "FLOW_UNKNOWN_ACTION",
            409: "FLOW_NOT_A_JOB",
            500: "FLOW_UNREADABLE",
          }),
        },
      },
    },
    async ({ params }, reply) => {
      void reply.header("cache-control", "no-cache");
      return viewJob(await operator.requireAction(params.id));
    },
  );
}

/** `POST /v1/jobs/{id}/stop` */
export function addJobStopRoute(app: ApiApp, { operator }: ApiEngine): void {
  app.post(
    "/v1/jobs/:id/stop",
    {
      preValidation: takeAbsentBody,
      schema: {
        operationId: "stopJob",
        tags,
        summary: "Stop a job",
        description:
          "It ends when the runs it has begun with have answered; what is done stays done. One that has ended stays as it is.",
        params: JobParams,
        headers: OperateHeaders,
        body: StopBody,
        response: {
          200: ref("Job", "The job, which is stopping or has ended."),
          ...problemResponses({
            404: "FLOW_UNKNOWN_ACTION",
            409: "FLOW_NOT_A_JOB",
            413: "HOST_BODY_TOO_LARGE",
            415: "HOST_UNSUPPORTED_MEDIA_TYPE",
            422: "FLOW_IDEMPOTENCY_CONFLICT",
          }),
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      jobOf(await operator.requireAction(id));
      return viewJob(await operator.stopJob(id, askedOf(request, request.body)));
    },
  );
}
