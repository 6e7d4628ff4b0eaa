import { errorsOf } from "@sluice/contracts/problem";
import type { ErrorCatalogue } from "@sluice/contracts/problem";

/** Every code the host can raise. A test holds this list and docs/errors.md equal, in both directions. */
export const HOST_ERRORS = {
  HOST_BAD_OPTION: "invalid",
  HOST_BAD_REQUEST: "invalid",
  HOST_BODY_TOO_LARGE: { kind: "invalid", http: 413 },
  HOST_UNSUPPORTED_MEDIA_TYPE: { kind: "invalid", http: 415 },
  HOST_REQUEST_TIMEOUT: { kind: "invalid", http: 408 },
  HOST_HEADERS_TOO_LARGE: { kind: "invalid", http: 431 },
  HOST_EXPECTATION_FAILED: { kind: "invalid", http: 417 },
  HOST_NO_SUCH_ROUTE: "missing",
  HOST_METHOD_NOT_ALLOWED: { kind: "invalid", http: 405 },
  HOST_PORT_TAKEN: "conflict",
  HOST_DATA_DIRECTORY_IN_USE: "conflict",
  HOST_DATA_DIRECTORY_UNUSABLE: "invalid",
  HOST_DATABASE_START_FAILED: "unavailable",
  HOST_DATABASE_UNAVAILABLE: "unavailable",
  HOST_DATABASE_SILENT: "timeout",
  HOST_DATABASE_TOO_OLD: "invalid",
  HOST_SCHEMA_TOO_NEW: "conflict",
  HOST_MIGRATION_CHANGED: "conflict",
  HOST_MIGRATION_FAILED: "bug",
  HOST_SERVER_MISSING: "unavailable",
  HOST_SERVER_INSTALL_FAILED: "unavailable",
  HOST_SERVER_START_FAILED: "unavailable",
  HOST_OVERLOADED: "overloaded",
  HOST_NOT_READY: "unavailable",
  HOST_STOPPING: "unavailable",
  HOST_UNEXPECTED: "bug",
} as const satisfies ErrorCatalogue;

export const hostError = errorsOf(HOST_ERRORS);
