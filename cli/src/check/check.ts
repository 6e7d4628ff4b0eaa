/** What `sluice check` does: load each file, print what is wrong with its flows. */
import { relative, resolve } from "node:path";
import { inspectChildren } from "@sluice/engine/definition";
import type { FlowDefinition, LocatedFinding } from "@sluice/engine/definition";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import type { JsonOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { tame } from "../style.ts";
import type { Style } from "../style.ts";
import { readFlows, UNREADABLE } from "./read-flows.ts";
import type { FileFault, FlowsOfFile } from "./read-flows.ts";

/** Exit code 1 when a file has an error, also one that holds no flow at all; 2 when one cannot be read, for then it was not checked. */
export async function check(cli: Cli, files: readonly string[], flags: JsonOption): Promise<ExitCode> {
  const read: ReadFile[] = [];
  for (const file of files) {
    const finished = cli.expectToFinish(() => notRead(file));
    read.push({ file, found: await readFlows(resolve(cli.directory, file)) });
    finished();
  }
  const flows = read.flatMap(({ found }) => soundFlowsOf(found));
  const checked = read.map((each) => checkFile(each, flows, cli.directory));
  const errors = countOf(checked, "error");
  const warnings = countOf(checked, "warning");
  if (flags.json === true) {
    printJson(cli, { errors, warnings, files: checked });
  } else {
    const style = styleOf(cli);
    for (const file of checked) cli.stdout.write(fileText(file, style));
    // Of one sound file there is nothing to sum up.
    if (checked.length > 1 || errors + warnings > 0) cli.stdout.write(totalText(checked, errors, warnings));
  }
  if (checked.some(({ findings }) => findings.some(({ code }) => code === UNREADABLE))) return EXIT.usage;
  return errors === 0 ? EXIT.ok : EXIT.failed;
}

function notRead(file: string): string {
  return `nothing was checked: to read the flows of ${tame(file)} it is run, and it ended the process or waits for what never comes; a file of flows only exports them`;
}

type Severity = LocatedFinding["severity"];

function countOf(checked: readonly CheckedFile[], severity: Severity): number {
  return checked.flatMap(({ findings }) => findings).filter((each) => each.severity === severity).length;
}

function totalText({ length: files }: readonly CheckedFile[], errors: number, warnings: number): string {
  const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
  return `${counted(files, "file")}: ${counted(errors, "error")}, ${counted(warnings, "warning")}\n`;
}

interface CheckedFile {
  readonly file: string;
  /** Names of the flows without errors. */
  readonly flows: readonly string[];
  readonly findings: readonly FileFinding[];
}

/** A finding, or a file in which no flow could be looked at: then there is no state, no place and no code of a finding. */
interface FileFinding extends Pick<LocatedFinding, "severity" | "state" | "line" | "column" | "message"> {
  /** Where it stands in the definition: a JSON Pointer. */
  readonly pointer: string | null;
  /** Where it stands, which of the flows of an app is another file than the one that was named. */
  readonly file: string;
  readonly code: string;
}

interface ReadFile {
  readonly file: string;
  readonly found: FlowsOfFile | FileFault;
}

function soundFlowsOf(found: FlowsOfFile | FileFault): readonly FlowDefinition[] {
  return "code" in found ? [] : found.loaded.flatMap(({ definition }) => definition ?? []);
}

/** `flows`: the sound flows of all files, among which child flows are looked up. */
function checkFile(
  { file, found }: ReadFile,
  flows: readonly FlowDefinition[],
  directory: string,
): CheckedFile {
  if ("code" in found) return { file, flows: [], findings: [toFaultFinding(file, found)] };
  const { loaded, areAll } = found;
  const sound = soundFlowsOf(found);
  const served = areAll ? { flows: sound, areAll } : { flows, areAll };
  const findings = loaded.flatMap(({ definition, findings: own }) => [
    ...own,
    ...(definition === null ? [] : inspectChildren(definition, served)),
  ]);
  return {
    file,
    flows: sound.map(({ name, version }) => `${name}@${version}`),
    findings: findings.map((finding) => toFileFinding(finding, resolve(directory, file), file, directory)),
  };
}

function toFaultFinding(file: string, { code, message }: FileFault): FileFinding {
  return { severity: "error", state: null, pointer: null, file, line: null, column: null, code, message };
}

function toFileFinding(
  { severity, state, path: pointer, file, line, column, code, message }: LocatedFinding,
  named: string,
  asNamed: string,
  directory: string,
): FileFinding {
  const place = file === null || file === named ? asNamed : relative(directory, file);
  return { severity, state, pointer, file: place, line, column, code, message };
}

function fileText({ file, flows, findings }: CheckedFile, style: Style): string {
  const lines = findings.map((finding) => findingLine(finding, style));
  const names = flows.map(tame).join(", ");
  if (flows.length > 0) lines.push(`${tame(file)}: ${style.good("ok")}  ${names}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** As compilers print them, so that editors and terminals make the place a link. */
function findingLine({ severity, file, line, column, code, message }: FileFinding, style: Style): string {
  const place = line === null ? tame(file) : `${tame(file)}:${line}:${column ?? 1}`;
  const word = severity === "error" ? style.bad("error") : style.warn("warning");
  return `${place}  ${word}  ${tame(message)}  ${style.dim(code)}`;
}
