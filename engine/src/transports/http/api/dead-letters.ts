import { hasCode } from "@sluice/contracts/problem";
import type { Static } from "typebox";
import { engineError } from "../../../core/errors.ts";
import type { DeadLetterRow, RunFilter } from "../../../core/ports.ts";
import { isRunId } from "../../../core/run-id.ts";
import type { Run } from "../../../core/run.ts";
import { unreadableRows } from "../../../core/unreadable.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { OperateHeaders, askedOf } from "./asked.ts";
import { JOB_RESPONSES, answerJob } from "./jobs.ts";
import { assertKnown } from "./known-names.ts";
import { DeadLetterListQuery, DeadLetterParams, RedriveBody } from "./operation-schemas.ts";
import { viewDeadLetter, viewDeadLetterWithStack } from "./operation-views.ts";
import { bindCursor, linkNext, openCursor, pageBody } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { pageOf, ref } from "./schemas.ts";

const tags = ["operations"];

/** `GET /v1/dead-letters` */
export function addDeadLetterListRoute(app: ApiApp, engine: ApiEngine): void {
  const { store, client } = engine;
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
          ...problemResponses({
            400: "FLOW_BAD_CURSOR",
            404: "FLOW_UNKNOWN_FLOW",
            422: "FLOW_UNKNOWN_STATE",
          }),
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
      if (page.items.length === 0 && cursor === undefined) await assertKnown(engine, filters);
      const runIds = [...new Set(page.items.map(({ runId }) => runId))];
      const runs = await readableRuns(client, runIds);
      const next = bindCursor(listing, page.cursor);
      linkNext(request, reply, next);
      const items = page.items.map((letter) => viewDeadLetter(letter, runs.get(letter.runId)));
      return pageBody(items, next, page);
    },
  );
}

/** `GET /v1/dead-letters/{id}` */
export function addDeadLetterRoute(app: ApiApp, { store, client }: ApiEngine): void {
  app.get(
    "/v1/dead-letters/:id",
    {
      // A stack shows what the code is like inside: it is for those who mend it.
      config: { scope: "operate" },
      schema: {
        operationId: "getDeadLetter",
        tags,
        summary: "Read a dead letter, with the stack of what went wrong",
        params: DeadLetterParams,
        response: {
          200: ref("DeadLetterWithStack", "The dead letter."),
          ...problemResponses({ 404: "FLOW_UNKNOWN_DEAD_LETTER", 500: "FLOW_UNREADABLE" }),
        },
      },
    },
    async ({ params }) => {
      const letter = await findDeadLetter(store, params.id);
      const runs = await readableRuns(client, [letter.runId]);
      return viewDeadLetterWithStack(letter, runs.get(letter.runId));
    },
  );
}

const LETTER_ID = /^([0-9a-f-]{36}):(\d{1,9})$/i;

/** @throws FLOW_UNKNOWN_DEAD_LETTER (missing) · FLOW_UNREADABLE (invalid) */
async function findDeadLetter(store: ApiEngine["store"], id: string): Promise<DeadLetterRow> {
  const [, given = "", version] = LETTER_ID.exec(id) ?? [];
  const runId = given.toLowerCase();
  if (isRunId(runId)) {
    const page = await store.listDeadLetters({ runId, version: Number(version), limit: 1 });
    if (page.unreadable !== undefined) throw unreadableRows("dead letter", page.unreadable);
    if (page.items[0] !== undefined) return page.items[0];
  }
  throw engineError(
    "FLOW_UNKNOWN_DEAD_LETTER",
    `no dead letter ${JSON.stringify(id.slice(0, 80))}, expected one of GET /v1/dead-letters: its run and its version, with a colon between`,
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
