/** One JSON line of the log as one line for a reader: time, level, message, then the fields; a stack follows below. */

const COLOUR_OF: Readonly<Record<string, string>> = {
  debug: "\u001b[2m",
  info: "\u001b[32m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
};
const PLAIN = "\u001b[0m";

/** A line that is no JSON object is passed through, so nothing is ever lost. */
export function readableLine(line: string): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const { time, level, msg, error, err, ...fields } = entry;
  const word = String(level);
  const head = `${clock(time)} ${COLOUR_OF[word] ?? ""}${word.toUpperCase().padEnd(5)}${PLAIN} ${typeof msg === "string" ? msg : ""}`;
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${plain(value)}`);
  return `${head}${pairs.join("")}${failure(error ?? err)}\n`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function clock(time: unknown): string {
  return typeof time === "string" ? time.slice(11, 23) : "";
}

function plain(value: unknown): string {
  return typeof value === "string" && !/[\s="]/.test(value) ? value : JSON.stringify(value);
}

/** With a stack, that below; without one, what is known of the error in the line. */
function failure(error: unknown): string {
  if (error === undefined) return "";
  const { code, message, stack } = Object(error) as Readonly<Record<string, unknown>>;
  const tag = typeof code === "string" ? ` [${code}]` : "";
  if (typeof stack === "string") return `${tag}\n    ${stack.replaceAll("\n", "\n    ")}`;
  return `${tag} error=${plain(typeof message === "string" ? message : error)}`;
}
