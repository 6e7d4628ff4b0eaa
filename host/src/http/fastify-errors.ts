/** Fastify's own errors in our codes. What is not one of them is answered as it came. */
import type { ErrorObject } from "ajv";
import { hostError } from "../errors.ts";
import { faultsOf } from "./ajv-faults.ts";

export interface RequestLimits {
  readonly bodyBytesMax: number;
}

/** The few fields of Fastify's errors that are read here. */
interface FastifyErrorLike {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly validation?: readonly ErrorObject[];
  readonly validationContext?: string;
}

export function fromFastifyError(error: unknown, limits: RequestLimits): unknown {
  if (typeof error !== "object" || error === null || "kind" in error) return error;
  const like = error as FastifyErrorLike;
  if (like.validation !== undefined)
    return validationError(like.validation, like.validationContext ?? "body");
  switch (like.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return hostError(
        "HOST_BODY_TOO_LARGE",
        `the body is larger than ${limits.bodyBytesMax} bytes, expected at most that; send less or in parts`,
        { fields: { bodyBytesMax: limits.bodyBytesMax } },
      );
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return hostError(
        "HOST_UNSUPPORTED_MEDIA_TYPE",
        "the body is of a type that is not read here, expected JSON; send content-type: application/json",
      );
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return badRequest("the body is shorter or longer than its content-length", "equal sizes", error);
    case "FST_ERR_MAX_PARAM_LENGTH":
      return badRequest("a part of the path is too long", "an id or key of usual length", error);
    case "FST_ERR_BAD_URL":
      return badRequest("the path cannot be decoded", "a percent-encoded path", error);
    default:
      return isRequestFault(like) ? badRequest(String(like.message), "a valid request", error) : error;
  }
}

/** Fastify marks what the client did wrong with a status of the 400s; all else is ours. */
function isRequestFault({ statusCode }: FastifyErrorLike): boolean {
  return typeof statusCode === "number" && statusCode >= 400 && statusCode < 500;
}

function badRequest(found: string, expected: string, cause: unknown): Error {
  return hostError("HOST_BAD_REQUEST", `${found}, expected ${expected}`, { cause });
}

function validationError(validation: readonly ErrorObject[], part: string): Error {
  const errors = faultsOf(validation, part);
  const [first] = errors;
  const more = validation.length > 1 ? ` (and ${validation.length - 1} more)` : "";
  const message =
    first === undefined ? `the ${part} breaks its schema` : `${first.path} ${first.message}${more}`;
  return hostError("HOST_BAD_REQUEST", `${message}; /openapi.json has the schema`, { fields: { errors } });
}
