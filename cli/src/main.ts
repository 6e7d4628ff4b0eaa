#!/usr/bin/env node
/** The process behind `sluice`: the only place that touches its environment, its streams and its exit code. */
import { EXIT } from "./exit-codes.ts";
import { runCli } from "./program.ts";

// `sluice runs list | head` closes the pipe when it has seen enough: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  directory: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  interruption() {
    const controller = new AbortController();
    process.once("SIGINT", () => controller.abort());
    return controller.signal;
  },
});
