import { digest } from "../../core/digest.ts";
import { engineError } from "../../core/errors.ts";
import type { PostgresTarget } from "./target.ts";

export interface PostgresStoreOptions {
  readonly target: PostgresTarget;
  /** Whose store this is: a takeover ends the sessions of the engine it takes from. */
  readonly engineId: string;
  /** The schema that the migrations were applied in. @default sluice */
  readonly schema?: string;
  /** Connections for everything but batches; each writer has one of its own besides. @default 4 */
  readonly connectionsMax?: number;
  /** How long connecting may take, in ms. @default 2000 */
  readonly connectMs?: number;
  /** How long one statement may take, in ms; a database that answers later than that counts as away. @default 10000 */
  readonly statementMs?: number;
}

export interface ResolvedPostgresStoreOptions {
  readonly target: PostgresTarget;
  readonly engineId: string;
  readonly schema: string;
  readonly connectionsMax: number;
  readonly connectMs: number;
  readonly statementMs: number;
  /** How long an answer is waited for: longer than the server may take, so that its own word comes first. */
  readonly answerMs: number;
}

const ANSWER_GRACE_MS = 1_000;

/** @throws FLOW_BAD_OPTION (invalid) naming the option, what was found and what was expected */
export function resolvePostgresStoreOptions(options: PostgresStoreOptions): ResolvedPostgresStoreOptions {
  const { target, engineId, schema = "sluice" } = options;
  if (typeof target === "string" && !URL.canParse(target))
    throw badOption("target is not a URL", "postgres://user:password@host:port/database");
  if (engineId === "") throw badOption("engineId is empty", "a name that no other engine has");
  if (schema === "" || Buffer.byteLength(schema) > SCHEMA_BYTES_MAX)
    throw badOption(`schema has ${Buffer.byteLength(schema)} bytes`, `1 to ${SCHEMA_BYTES_MAX}`);
  const statementMs = wholeNumber("statementMs", options.statementMs ?? 10_000, 100, 600_000);
  return Object.freeze({
    target,
    engineId,
    schema,
    connectionsMax: wholeNumber("connectionsMax", options.connectionsMax ?? 4, 1, 100),
    connectMs: wholeNumber("connectMs", options.connectMs ?? 2_000, 10, 60_000),
    statementMs,
    answerMs: statementMs + ANSWER_GRACE_MS,
  });
}

/** Postgres cuts names beyond this, and a cut name would be another schema. */
const SCHEMA_BYTES_MAX = 63;

function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw badOption(`${name} is ${value}`, `a whole number from ${min} to ${max}`);
}

function badOption(found: string, expected: string): Error {
  return engineError("FLOW_BAD_OPTION", `postgres store: ${found}, expected ${expected}`);
}

/**
 * The beginning of the application name of an engine's writers, by which a takeover knows their sessions. Postgres cuts the name
 * at 63 bytes, so it carries a digest; schemas of one database are told apart.
 */
export function writerPrefix(schema: string, engineId: string): string {
  return `sluice-writer/${digest(JSON.stringify([schema, engineId])).toString(36)}/`;
}
