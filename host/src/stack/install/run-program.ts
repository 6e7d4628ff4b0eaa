/** Runs a program to its end, and keeps its last lines. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

export interface RunConfig {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory?: string;
  readonly waitMs: number;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  onLine?(line: string): void;
}

export interface Ran {
  /** `undefined`: a signal ended it, or it could not be started. */
  readonly exitCode: number | undefined;
  readonly lastLines: readonly string[];
}

const LAST_LINES_MAX = 20;

/** It has our environment: proxies and settings of its user count. Never fails. */
export async function runProgram({
  program,
  args,
  directory,
  waitMs,
  signal,
  onLine,
}: RunConfig): Promise<Ran> {
  const child = spawn(program, args, {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: waitMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const ended = Promise.withResolvers<number | undefined>();
  const words = new PassThrough();
  child.stdout.pipe(words, { end: false });
  child.stderr.pipe(words, { end: false });
  child.once("error", (error) => {
    words.end(`${error.message}\n`);
    ended.resolve(undefined);
  });
  child.once("close", (code) => {
    words.end();
    ended.resolve(code ?? undefined);
  });
  const lastLines: string[] = [];
  for await (const line of createInterface({ input: words })) {
    onLine?.(line);
    lastLines.push(line);
    if (lastLines.length > LAST_LINES_MAX) lastLines.shift();
  }
  return { exitCode: await ended.promise, lastLines };
}
