/** An error as a command ends with it: for people, and for programs. */
import { messageOf } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { createStyle, hasColors, tame } from "./style.ts";

/** What is read of an error. One without code and kind is our own mistake. */
interface Ending {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly fields?: object;
}

function endingOf(error: unknown): Ending | null {
  const { code, kind, retryAfterMs, fields } = Object(error) as Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || typeof kind !== "string") return null;
  return {
    code,
    kind,
    message: messageOf(error),
    ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
    ...(Object.keys(Object(fields)).length > 0 ? { fields: Object(fields) as object } : {}),
  };
}

/** The run that has the key already: whoever starts with a key does not know it. */
function holderText({ code, fields }: Ending): string {
  const { runId } = Object(fields) as { readonly runId?: unknown };
  return code === "FLOW_RUN_EXISTS" && typeof runId === "string" ? `; it is run ${tame(runId)}` : "";
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

/** One line per fault, with the code to look up; of our own mistakes the stack. */
export function errorText(error: unknown, { stderr, env }: Pick<Cli, "stderr" | "env">): string {
  const style = createStyle(hasColors(stderr.isTTY === true, env));
  const name = style.bad("sluice:");
  const ending = endingOf(error);
  if (ending === null) return `${name} a mistake of ours: ${stackOf(error)}\n`;
  const { code, message, retryAfterMs } = ending;
  if (code === "CLI_INTERRUPTED") return `${name} interrupted\n`;
  const lines = message.split("\n").map(tame).join("\n  ");
  const wait = retryAfterMs === undefined ? "" : `; try again in ${Math.ceil(retryAfterMs / 1_000)} s`;
  return `${name} ${lines}${holderText(ending)}${wait} ${style.dim(`(${code})`)}\n`;
}

/** The same on one line: `{"error":{"code","kind","message","retryAfterMs"?,"fields"?}}`, as history shows an error. */
export function errorJson(error: unknown): string {
  const ending = endingOf(error) ?? {
    code: "CLI_UNEXPECTED",
    kind: "bug",
    message: messageOf(error),
    fields: { stack: stackOf(error) },
  };
  return `${JSON.stringify({ error: ending })}\n`;
}
