import { readFile, realpath, stat } from "node:fs/promises";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { engineError } from "../core/errors.ts";
import { finding } from "../core/findings.ts";
import type { Finding } from "../core/findings.ts";
import type { FlowDefinition } from "../core/flow.ts";
import { isLoose } from "../core/flow-view.ts";
import type { Loose } from "../core/flow-view.ts";
import { syntaxPlaceOf, throwPlaceOf } from "./code-place.ts";
import { byPlace, locateFindings, rememberSource, sourceOf } from "./flow-source.ts";
import type { LocatedFinding } from "./flow-source.ts";
import { describeValue, inspectFlow } from "./inspect-flow.ts";
import { oneLine, parseJson, parseYaml, THE_FILE } from "./parse-flow-text.ts";
import type { ParsedText } from "./parse-flow-text.ts";

/** The largest file that is read as a flow: 1 MiB. A flow of a hundred states has some 30 KiB. */
export const FILE_BYTES_MAX = 1_048_576;

/** A flow as a file has it. */
export interface LoadedFlow {
  /** Null when a finding is an error. */
  readonly definition: FlowDefinition | null;
  /** Errors and warnings, in the order of the text. */
  readonly findings: readonly LocatedFinding[];
}

/**
 * Reads the flows of a file. `.yaml`, `.yml` and `.json` hold one flow as data; of a `.ts`, `.mts`, `.js` or `.mjs` file, which is run,
 * every exported flow is taken. What is wrong with a flow, or with the syntax of the file, is an answer, with lines; an error means that no
 * flow could be looked at.
 * @throws FLOW_BAD_DEFINITION (invalid) when the file cannot be read, is larger than FILE_BYTES_MAX, is of another kind, cannot be run
 *   or exports no flow
 */
export async function loadFlowFile(path: string): Promise<readonly LoadedFlow[]> {
  switch (extname(path).toLowerCase()) {
    case ".yaml":
    case ".yml":
      return loadText(path, parseYaml);
    case ".json":
      return loadText(path, parseJson);
    case ".ts":
    case ".mts":
    case ".js":
    case ".mjs":
      await checkFile(path);
      return importFlows(path);
    default:
      throw engineError(
        "FLOW_BAD_DEFINITION",
        `${path} is no flow file, expected .yaml, .yml, .json, .ts or .js`,
      );
  }
}

/**
 * As `loadFlowFile`, for who wants sound flows or none.
 * @throws FLOW_BAD_DEFINITION (invalid) as `loadFlowFile`, and with every error of every flow, each with its line
 */
export async function requireFlowFile(path: string): Promise<readonly FlowDefinition[]> {
  const loaded = await loadFlowFile(path);
  return loaded.map(({ definition, findings }) => {
    if (definition === null) throw badDefinition(path, findings);
    return definition;
  });
}

/**
 * Makes sure that a definition may be run; the answer is its warnings.
 * @throws FLOW_BAD_DEFINITION (invalid) with every error, each with its state, and its line where that is known
 */
export function assertFlow(definition: FlowDefinition): readonly LocatedFinding[] {
  const findings = locateFindings(inspectFlow(definition), sourceOf(definition));
  if (findings.some(isError)) throw badDefinition(`flow ${definition.name}`, findings);
  return findings;
}

function isError({ severity }: LocatedFinding): boolean {
  return severity === "error";
}

function badDefinition(what: string, findings: readonly LocatedFinding[]): Error {
  const errors = findings.filter(isError);
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  const lines = errors.map((error) => `\n  ${describePlace(error)}${error.message} [${error.code}]`);
  return engineError("FLOW_BAD_DEFINITION", `${what} has ${count}:${lines.join("")}`, {
    fields: { findings: errors },
  });
}

function describePlace({ file, line, column }: LocatedFinding): string {
  return file === null || line === null ? "" : `${file}:${line}:${column}: `;
}

// ---------------------------------------------------------------- files of data

async function loadText(
  path: string,
  parse: (text: string, file: string) => ParsedText,
): Promise<readonly LoadedFlow[]> {
  const text = await readText(path);
  return [text.trim() === "" ? emptyFile(path) : inspectText(parse(text, path))];
}

function emptyFile(file: string): LoadedFlow {
  return { definition: null, findings: [{ ...noFlow("is empty"), file, line: 1, column: 1 }] };
}

function inspectText({ value, former, findings, source }: ParsedText): LoadedFlow {
  if (value === undefined) return { definition: null, findings };
  if (!isLoose(value)) {
    const found = noFlow(`holds ${describeValue(value)}`);
    return { definition: null, findings: [...locateFindings([found], source), ...findings] };
  }
  const definition = withoutSchemaLink(value);
  const found = isLoose(former)
    ? foundInBoth(inspectFlow(definition), inspectFlow(withoutSchemaLink(former)))
    : inspectFlow(definition);
  const all = [...findings, ...locateFindings(found, source)].sort(byPlace);
  if (all.some(isError)) return { definition: null, findings: all };
  const flow = definition as unknown as FlowDefinition;
  rememberSource(flow, source);
  return { definition: flow, findings: all };
}

/** Where a key stands twice nobody knows which was meant; sure is what is wrong either way. */
function foundInBoth(some: readonly Finding[], others: readonly Finding[]): readonly Finding[] {
  const known = new Set(others.map(({ path, message }) => `${path} ${message}`));
  return some.filter(({ path, message }) => known.has(`${path} ${message}`));
}

function noFlow(found: string): Finding {
  return finding("wrong-shape", THE_FILE, {
    path: "",
    found,
    expected: "one flow: an object with name, version, events, initial and states",
  });
}

/** `$schema` is for editors; the definition, and so its hash, is the same without. */
function withoutSchemaLink({ $schema: _, ...definition }: Loose): Loose {
  return definition;
}

async function readText(path: string): Promise<string> {
  await checkFile(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    throw engineError("FLOW_BAD_DEFINITION", `${path} cannot be read as UTF-8 text`, { cause });
  }
}

async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw engineError("FLOW_BAD_DEFINITION", `${path} cannot be read; is the path right?`, { cause });
  });
  if (!found.isFile()) throw engineError("FLOW_BAD_DEFINITION", `${path} is no file`);
  if (found.size > FILE_BYTES_MAX) {
    throw engineError(
      "FLOW_BAD_DEFINITION",
      `${path} has ${found.size} bytes, expected at most ${FILE_BYTES_MAX}; split the flow`,
    );
  }
}

// ---------------------------------------------------------------- files of code

async function importFlows(path: string): Promise<readonly LoadedFlow[]> {
  // Links are followed as Node follows them, so that a place it tells is known to be in this file.
  const file = await realpath(path);
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    return [brokenCode(path, file, cause)];
  }
  const flows = Object.values(exported).filter(looksLikeFlow);
  if (flows.length === 0) {
    throw engineError(
      "FLOW_BAD_DEFINITION",
      `${path} exports no flow, expected at least one: export const purchase = defineFlow({ … })`,
    );
  }
  return [...new Set(flows)].map(toLoadedFlow);
}

/** A flow of code, such as one that an app serves, with everything that is wrong with it. */
export function toLoadedFlow(definition: FlowDefinition): LoadedFlow {
  const findings = locateFindings(inspectFlow(definition), sourceOf(definition));
  return { definition: findings.some(isError) ? null : definition, findings };
}

/** A fault of the file's own syntax is a finding, as in a file of data; what goes wrong when it runs, or in what it imports, is not. */
function brokenCode(path: string, file: string, cause: unknown): LoadedFlow {
  const syntaxPlace = syntaxPlaceOf(cause);
  if (syntaxPlace?.file === file) {
    const broken = finding("bad-syntax", THE_FILE, {
      path: "",
      found: `cannot be run: ${oneLine(cause)}`,
      expected: "JavaScript, or TypeScript from which only types have to be removed",
    });
    return { definition: null, findings: [{ ...broken, ...syntaxPlace, file: path }] };
  }
  const place = syntaxPlace ?? throwPlaceOf(cause, file);
  const where = place === null ? "" : `${place.file}:${place.line}:${place.column}: `;
  throw engineError("FLOW_BAD_DEFINITION", `${path} cannot be run: ${where}${oneLine(cause)}`, { cause });
}

/** Whether an export is meant as a flow, sound or not. */
function looksLikeFlow(value: unknown): value is FlowDefinition {
  return isLoose(value) && isLoose(value["states"]) && isLoose(value["events"]) && "initial" in value;
}
