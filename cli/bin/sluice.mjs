#!/usr/bin/env node
/** The command `sluice`. It runs under Node 24: this one when it is new enough, else the one that is installed beside it. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24;
const main = new URL("../src/main.ts", import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) {
  await import(main.href);
} else {
  const node = installedNode();
  if (node === undefined) {
    console.error(
      `sluice: this is Node ${process.versions.node}, expected Node ${NODE_MAJOR_MIN} or newer, and none is installed in node_modules.` +
        ` Run "npm ci" in the folder of Sluice once, or start this with a newer Node.`,
    );
    process.exitCode = 1;
  } else {
    runUnder(node);
  }
}

function installedNode() {
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin", "node");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Waits for the child however long it drains. What a terminal sends, it sends to both of us, so a Ctrl-C is not passed on there. */
function runUnder(node) {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(
      `sluice: ${node} does not start: ${error.message}. Run "npm ci" in the folder of Sluice again.`,
    );
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
