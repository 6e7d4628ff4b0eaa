/** What `/openapi.json` says of a route, and what its requests are checked against. */
import { problemResponses } from "@sluice/contracts/problem";
import type { CodesByStatus } from "@sluice/contracts/problem";
import type { RouteShorthandOptions } from "fastify";
import { Type } from "typebox";
import type { TSchema } from "typebox";

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly params?: TSchema;
  readonly querystring?: TSchema;
  readonly headers?: TSchema;
  readonly body?: TSchema;
  /** Good answers by status. */
  readonly answers: Readonly<Record<number, object>>;
  /** The codes it may be refused with, by status, besides those of every route. */
  readonly problems?: CodesByStatus;
}

/** Codes that every route may answer with. */
const EVERYWHERE: CodesByStatus = {
  400: "HOST_BAD_REQUEST",
  429: "HOST_OVERLOADED",
  500: "HOST_UNEXPECTED",
  503: "HOST_DATABASE_UNAVAILABLE, FLOW_STORE_UNAVAILABLE, HOST_STOPPING",
  504: "HOST_DATABASE_SILENT",
};

/** Codes of whatever tells the engine something. */
export const ENGINE_PROBLEMS: CodesByStatus = {
  429: "FLOW_INBOX_FULL",
  503: "FLOW_STOPPING",
  504: "FLOW_OUTCOME_UNKNOWN",
};

/** Codes of whatever takes a body. */
export const BODY_PROBLEMS: CodesByStatus = {
  413: "HOST_BODY_TOO_LARGE",
  415: "HOST_UNSUPPORTED_MEDIA_TYPE",
};

/** A misspelled parameter that is passed over would ask for something else. */
const NO_QUERY = Type.Object({}, { additionalProperties: false });

export function describe(
  { answers, problems = {}, querystring = NO_QUERY, ...rest }: Operation,
  ...more: readonly CodesByStatus[]
): RouteShorthandOptions {
  const response = { ...answers, ...problemResponses(problems, ...more, EVERYWHERE) };
  return { schema: { tags: ["ticket shop"], querystring, ...rest, response } };
}
