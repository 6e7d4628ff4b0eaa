/** The error answers of routes as OpenAPI shows them. Which status an error has is the host's to say; a test holds these to it. */
import { PROBLEM_SCHEMA, problemResponses as responsesOf } from "@sluice/contracts/problem";
import type { CodesByStatus } from "@sluice/contracts/problem";
import type { FastifyInstance } from "fastify";

/** Errors that every route may answer with. */
const EVERYWHERE: CodesByStatus = {
  400: "HOST_BAD_REQUEST",
  401: "FLOW_UNAUTHENTICATED",
  403: "FLOW_FORBIDDEN",
  429: "HOST_OVERLOADED, FLOW_RATE_LIMITED",
  500: "HOST_UNEXPECTED",
  503: "FLOW_STORE_UNAVAILABLE, FLOW_STOPPING, HOST_STOPPING",
};

/** Response schemas for a route's codes by status, along with those that every route has. */
export function problemResponses(codes: CodesByStatus): Record<number, object> {
  return responsesOf(codes, EVERYWHERE);
}

/** Makes sure that the shape of a problem is known to these routes: a server of the host knows it already. */
export function addProblemSchema(scope: FastifyInstance): void {
  if (scope.getSchema(PROBLEM_SCHEMA.$id) === undefined) scope.addSchema(PROBLEM_SCHEMA);
}
