#!/usr/bin/env node
/** The process behind `sluice`: the only place that touches its environment, its streams and its exit code. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Removing types and compiling is most of what a start takes, so it is done once and kept: among the installed packages, which nobody
// writes but who may write this code. Where that cannot be written nothing is kept. It comes before everything that is to be kept.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/sluice", import.meta.url)));
const { EXIT } = await import("./exit-codes.ts");
const { runCli } = await import("./program.ts");

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
    // Whoever sends SIGTERM wants what was started to be stopped as well: a database of our own would outlive us.
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => controller.abort());
    return controller.signal;
  },
  expectToFinish(unfinished) {
    const onExit = (): void => {
      process.stderr.write(`sluice: ${unfinished()}\n`);
      process.exitCode = EXIT.failed;
    };
    process.once("exit", onExit);
    return () => void process.off("exit", onExit);
  },
});
