/** The definitions as they are stored, compiled for an audit: it asks where transitions lead, and never a function. */
import type { Json } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";
import { definitionShape, readText } from "./audit-shape.ts";
import { compileFlow } from "./compile-flow.ts";
import type { CompiledFlow } from "./compile-flow.ts";
import type { CompileSchema, FlowDefinition, Validate } from "./flow.ts";
import type { AuditFinding } from "./ports.ts";
import type { Run } from "./run.ts";
import { FUNCTION_KEY } from "./version-changed.ts";

/** A row of the definitions, as its text. */
export interface StoredDefinition {
  readonly flow: string;
  readonly version: number;
  readonly text: string;
}

export interface AuditFlows {
  /** All stored versions of a flow, oldest first. */
  versionsOf(flow: string): readonly CompiledFlow[];
  readonly findings: readonly AuditFinding[];
  /** Notes a run, if no definition of its version is stored. */
  note(run: VersionedRun): void;
  /** Each version that a noted run has and that is not among these: whoever began after the first look has saved his since. */
  missing(stored: readonly Pick<StoredDefinition, "flow" | "version">[]): readonly AuditFinding[];
}

type VersionedRun = Pick<Run, "runId" | "flow" | "flowVersion">;

/** Without `compileSchema` data is not held to its schema. */
export function readAuditFlows(
  rows: readonly StoredDefinition[],
  compileSchema: CompileSchema | undefined,
): AuditFlows {
  const findings: AuditFinding[] = [];
  const flows = rows.flatMap((row) => {
    const read = readDefinition(row, compileSchema);
    if (typeof read !== "string") return [read];
    const message = `the stored definition of flow ${row.flow} version ${row.version} ${read}; restore the row from a backup`;
    findings.push({ invariant: "I1", runId: null, message });
    return [];
  });
  const versions = Map.groupBy(flows, ({ name }) => name);
  for (const each of versions.values()) each.sort((a, b) => a.version - b.version);
  const isStored = new Set(rows.map(keyOf));
  /** By version, the first run that was met. */
  const noted = new Map<string, VersionedRun>();
  return {
    versionsOf: (flow) => versions.get(flow) ?? [],
    findings,
    note(run) {
      const key = keyOf({ flow: run.flow, version: run.flowVersion });
      if (!isStored.has(key) && !noted.has(key)) noted.set(key, run);
    },
    missing(stored) {
      const since = new Set(stored.map(keyOf));
      return [...noted].flatMap(([key, run]) => (since.has(key) ? [] : [missingVersion(run)]));
    },
  };
}

function keyOf({ flow, version }: Pick<StoredDefinition, "flow" | "version">): string {
  return JSON.stringify([flow, version]);
}

/** One finding speaks for all runs of the version. */
function missingVersion({ runId, flow, flowVersion }: VersionedRun): AuditFinding {
  const message = `flow_versions has no row of flow ${flow} version ${flowVersion}, which this run has and maybe others, so they are not held to it; restore the row from a backup, or start an engine that serves the version`;
  return { invariant: "I1", runId, message };
}

/** The flow, or what is wrong with its text. */
function readDefinition(
  { flow, version, text }: StoredDefinition,
  compileSchema: CompileSchema | undefined,
): CompiledFlow | string {
  const { value, fault } = readText<Json>(text, definitionShape);
  if (fault !== null) return fault;
  const definition = revive(value) as unknown as FlowDefinition;
  if (definition.name !== flow || definition.version !== version)
    return `is of flow ${definition.name} version ${definition.version}`;
  try {
    return compileFlow(definition, tolerant(compileSchema));
  } catch (error) {
    return `cannot be read as a flow (${error instanceof Error ? error.message : String(error)})`;
  }
}

/** Functions are stored as text. Nobody calls those that stand for them here. */
function revive(value: Json): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (!isJsonObject(value)) return value;
  if (typeof value[FUNCTION_KEY] === "string") return () => null;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revive(each)]));
}

/** A schema in code may hold what JSON does not, such as infinity: a definition that was served is not accused of that. */
function tolerant(compileSchema: CompileSchema | undefined): CompileSchema {
  return (schema) => {
    let validate: Validate | null = null;
    return (value) => {
      validate ??= compileSchema === undefined ? acceptAll : compiled(compileSchema, schema);
      return validate(value);
    };
  };
}

function compiled(compileSchema: CompileSchema, schema: Parameters<CompileSchema>[0]): Validate {
  try {
    return compileSchema(schema);
  } catch {
    return acceptAll;
  }
}

const acceptAll: Validate = () => null;
