/** What `sluice stack` says while it works: on standard error, as lines for people or as JSON. */
import type { Log, LogFields } from "@sluice/host/log";
import type { Progress } from "@sluice/host/stack";
import { messageOf } from "../arguments.ts";
import type { Cli } from "../cli.ts";
import { CLEAR_LINE } from "../progress.ts";
import { tame } from "../style.ts";

export interface Voice {
  readonly progress: Progress;
  /** Warnings and errors are lines like the others; less is not worth one. */
  readonly log: Log;
}

/** Shorter than a terminal's line, so that the next text can take its place. */
const SHOWN_CHARACTERS_MAX = 72;

export function createVoice({ stderr }: Pick<Cli, "stderr">, isJson: boolean, signal: AbortSignal): Voice {
  const isShowing = stderr.isTTY === true && !isJson;
  const say = (notice: string): void => {
    if (isJson) stderr.write(`${JSON.stringify({ notice })}\n`);
    else stderr.write(`${isShowing ? CLEAR_LINE : ""}sluice: ${tame(notice)}\n`);
  };
  const show = (text: string): void => {
    if (isShowing) stderr.write(`${CLEAR_LINE}  ${tame(text).slice(0, SHOWN_CHARACTERS_MAX)}`);
  };
  const warn = (fields: LogFields, message: string): void => say(told(fields, message));
  const nothing = (): void => {};
  return { progress: { say, show, signal }, log: { debug: nothing, info: nothing, warn, error: warn } };
}

function told({ server, how, error }: LogFields, message: string): string {
  const who = typeof server === "string" ? `${server}: ` : "";
  const why = error === undefined ? (typeof how === "string" ? ` (${how})` : "") : ` (${messageOf(error)})`;
  return `${who}${message}${why}`;
}
