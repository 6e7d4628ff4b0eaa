/**
 * One child process in the foreground. Owns: the signals of this process while the child lives.
 * S1  A signal sent to us reaches the child once; we wait for its end however long it drains, and answer its exit code.
 * S2  What the terminal already gave the child (Ctrl-C, hang-up: the whole foreground group gets them) is not given again,
 *     for a second SIGINT means "do not wait" to many programs.
 * S3  The child stays in our process group: who kills the group kills it all, and Ctrl-Z stops it all.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"];
const FROM_TERMINAL = new Set(["SIGINT", "SIGHUP"]);

/** npm passes on a Ctrl-C that the terminal gave us too. Repeats this close are one; a later one is somebody who insists. */
const SAME_SIGNAL_MS = 1_000;

/**
 * Runs a command to its end, with our own standard input and output unless `options.stdio` says otherwise.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions & { onSpawn?: (pid: number) => void }} options
 * @returns {Promise<{ exitCode: number, signal: NodeJS.Signals | undefined }>} `signal`: came to us meanwhile, so what follows should not start.
 */
export function runChild(command, args, { onSpawn, ...options }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const signals = passSignals(child);
    child.once("spawn", () => onSpawn?.(child.pid));
    child.once("error", (error) => {
      signals.stop();
      reject(error);
    });
    child.once("exit", (code, endedBy) => {
      signals.stop();
      resolve({ exitCode: code ?? exitCodeOf(endedBy), signal: signals.first() });
    });
  });
}

/** The environment of a child: `node` and the tools of this repository come first, whatever the machine has. */
export function childEnv(root, env) {
  return { ...env, PATH: [binFolder(root), env.PATH].filter(Boolean).join(delimiter) };
}

export function binFolder(root) {
  return join(root, "node_modules", ".bin");
}

function passSignals(child) {
  const lastMs = new Map();
  const onSignal = (signal) => {
    const nowMs = performance.now();
    const sinceMs = nowMs - (lastMs.get(signal) ?? -Infinity);
    const isFirst = !lastMs.has(signal);
    lastMs.set(signal, nowMs);
    if (sinceMs < SAME_SIGNAL_MS) return;
    if (isFirst && FROM_TERMINAL.has(signal) && isForeground()) return;
    child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, onSignal);
  return {
    first: () => [...lastMs.keys()][0],
    stop: () => PASSED_ON.forEach((signal) => process.off(signal, onSignal)),
  };
}

/** Whether we are in the group the terminal sends its signals to. Node cannot ask; Linux tells, elsewhere a terminal is taken for it. */
function isForeground() {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // After the name, which may hold spaces and ends with the last ")": state, parent, group, session, tty, foreground group.
    const [, , group, , , foregroundGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foregroundGroup;
  } catch {
    return process.stdin.isTTY === true;
  }
}

/** What a shell answers for a process that a signal ended. */
export function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}
