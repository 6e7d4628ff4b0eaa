import { hasCode } from "@sluice/contracts/problem";
import type { Static } from "typebox";
import type { RunFilter } from "../../../core/ports.ts";
import type { Run } from "../../../core/run.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { OperateHeaders, askedOf } from "./asked.ts";
import { JOB_RESPONSES, answerJob } from "./jobs.ts";
import { DeadLetterListQuery, RedriveBody } from "./operation-schemas.ts";
import { viewDeadLetter } from "./operation-views.ts";
import { bindCursor, linkNext, openCursor, pageBody } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { pageOf } from "./schemas.ts";

const tags = ["operations"];

/** `GET /v1/dead-letters` */
export function addDeadLetterListRoute(app: ApiApp, { store, client }: ApiEngine): void {
  app.get(
    "/v1/dead-letters",
    {
      schema: {
        operationId: "listDeadLetters",
        tags,
        summary: "List dead letters",
        description:
          "By run and, within a run, in their order: first the one that parked the run, then those that wait behind it.",
        querystring: DeadLetterListQuery,
        response: {
          200: pageOf("DeadLetter", "A page of dead letters."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const { cursor, limit, ...filters } = request.query;
      const listing: Listing = { list: "dead-letters", filters };
      const inner = openCursor(listing, cursor);
      const { parkReason, ...rest } = filters;
      const page = await store.listDeadLetters({
        ...rest,
        ...(parkReason === undefined ? {} : { reason: parkReason }),
        limit,
        ...(inner === undefined ? {} : { cursor: inner }),
      });
      const runIds = [...new Set(page.items.map(({ runId }) => runId))];
      const runs = await readableRuns(client, runIds);
      const next = bindCursor(listing, page.cursor);
      linkNext(request, reply, next);
      const items = page.items.map((letter) => viewDeadLetter(letter, runs.get(letter.runId)));
      return pageBody(items, next, page);
    },
  );
}

/** Those that are stored and can be read. What is wrong with another says whoever asks for it. */
async function readableRuns(
  client: ApiEngine["client"],
  runIds: readonly string[],
): Promise<ReadonlyMap<string, Run>> {
  const read = async (runId: string): Promise<readonly [string, Run][]> => {
    try {
      const run = await client.get(runId);
      return run === null ? [] : [[runId, run]];
    } catch (error) {
      if (hasCode(error, "FLOW_UNREADABLE")) return [];
      throw error;
    }
  };
  return new Map((await Promise.all(runIds.map(read))).flat());
}

/** `POST /v1/dead-letters/redrive` */
export function addRedriveRoute(app: ApiApp, { operator }: ApiEngine): void {
  app.post(
    "/v1/dead-letters/redrive",
    {
      schema: {
        operationId: "redriveDeadLetters",
        tags,
        summary: "Take dead letters in again",
        description:
          "Those of all parked runs that the filter names, each run's in their order, as a job. What fails again parks its run again.",
        headers: OperateHeaders,
        body: RedriveBody,
        response: JOB_RESPONSES,
      },
    },
    async (request, reply) => {
      const { body } = request;
      const { dryRun = false, runsPerSecond = null } = body;
      const action = await operator.startJob(
        {
          operation: { type: "redrive" },
          filter: toRunFilter(body.filter),
          isDryRun: dryRun,
          runsPerSecond,
        },
        askedOf(request, body),
      );
      return answerJob(app, reply, action);
    },
  );
}

/** Of one run all letters are redriven, or none: the filter is one of runs. */
function toRunFilter({ runId, ...filter }: Static<typeof RedriveBody>["filter"]): RunFilter {
  return { ...filter, ...(runId === undefined ? {} : { runIds: [runId] }) };
}
