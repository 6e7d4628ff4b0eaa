/** What `sluice check` does: load each file, print what is wrong with its flows. */
import { access, constants, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { hasCode } from "@sluice/contracts/problem";
import { loadFlowFile } from "@sluice/engine/definition";
import type { LoadedFlow, LocatedFinding } from "@sluice/engine/definition";
import { messageOf } from "../arguments.ts";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import type { JsonOption } from "../command.ts";
import type { CLI_ERRORS } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { tame } from "../style.ts";
import type { Style } from "../style.ts";

/** Exit code 1 when a file has an error, also one that holds no flow at all; 2 when one cannot be read, for then it was not checked. */
export async function check(cli: Cli, files: readonly string[], flags: JsonOption): Promise<ExitCode> {
  const checked: CheckedFile[] = [];
  for (const file of files) checked.push(await checkFile(file, cli.directory));
  const count = (severity: Severity): number =>
    checked.reduce(
      (sum, { findings }) => sum + findings.filter((each) => each.severity === severity).length,
      0,
    );
  const errors = count("error");
  const warnings = count("warning");
  if (flags.json === true) {
    printJson(cli, { errors, warnings, files: checked });
  } else {
    const style = styleOf(cli);
    for (const file of checked) cli.stdout.write(fileText(file, style));
  }
  if (checked.some(({ findings }) => findings.some(({ code }) => code === UNREADABLE))) return EXIT.usage;
  return errors === 0 ? EXIT.ok : EXIT.failed;
}

/** The finding of a file that is not there, or not ours to read. */
const UNREADABLE = "CLI_BAD_ARGUMENT" satisfies keyof typeof CLI_ERRORS;

type Severity = LocatedFinding["severity"];

interface CheckedFile {
  readonly file: string;
  /** Names of the flows without errors. */
  readonly flows: readonly string[];
  readonly findings: readonly FileFinding[];
}

/** A finding, or a file in which no flow could be looked at: then there is no state, no place and no code of a finding. */
interface FileFinding extends Pick<LocatedFinding, "severity" | "state" | "line" | "column" | "message"> {
  readonly code: string;
}

async function checkFile(file: string, directory: string): Promise<CheckedFile> {
  const path = resolve(directory, file);
  const unreadable = await whyUnreadable(path);
  if (unreadable !== null)
    return noFlow(file, UNREADABLE, `cannot be read (${unreadable}), expected a file that holds a flow`);
  let loaded: readonly LoadedFlow[];
  try {
    loaded = await loadFlowFile(path);
  } catch (error) {
    if (!hasCode(error, "FLOW_BAD_DEFINITION")) throw error;
    return noFlow(file, "FLOW_BAD_DEFINITION", messageOf(error));
  }
  return {
    file,
    flows: loaded.flatMap(({ definition }) =>
      definition === null ? [] : [`${definition.name}@${definition.version}`],
    ),
    findings: loaded.flatMap(({ findings }) => findings).map(toFileFinding),
  };
}

/** Null when the file can be read. */
async function whyUnreadable(path: string): Promise<string | null> {
  try {
    await access(path, constants.R_OK);
    return (await stat(path)).isFile() ? null : "it is no regular file";
  } catch (error) {
    // `ENOENT: no such file or directory, access '…'`: the path stands before it already.
    return messageOf(error).split(",", 1)[0] ?? "";
  }
}

function noFlow(file: string, code: string, message: string): CheckedFile {
  return {
    file,
    flows: [],
    findings: [{ severity: "error", state: null, line: null, column: null, code, message }],
  };
}

function toFileFinding({ severity, state, line, column, code, message }: LocatedFinding): FileFinding {
  return { severity, state, line, column, code, message };
}

function fileText({ file, flows, findings }: CheckedFile, style: Style): string {
  const lines = findings.map((finding) => findingLine(file, finding, style));
  const names = flows.map(tame).join(", ");
  if (flows.length > 0) lines.push(`${tame(file)}: ${style.good("ok")}  ${names}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** As compilers print them, so that editors and terminals make the place a link. */
function findingLine(
  file: string,
  { severity, line, column, code, message }: FileFinding,
  style: Style,
): string {
  const place = line === null ? tame(file) : `${tame(file)}:${line}:${column ?? 1}`;
  const word = severity === "error" ? style.bad("error") : style.warn("warning");
  return `${place}  ${word}  ${tame(message)}  ${style.dim(code)}`;
}
