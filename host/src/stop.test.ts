import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createLog } from "./log.ts";
import type { ProcessLog } from "./log.ts";
import { createStopper } from "./stop.ts";

function recordingLog(): { readonly log: ProcessLog; readonly text: () => string } {
  const lines: string[] = [];
  return {
    log: createLog({ destination: { write: (line) => void lines.push(line) } }),
    text: () => lines.join(""),
  };
}

test("runs the steps once, in reverse order of registration", async () => {
  const { log } = recordingLog();
  const stopper = createStopper({ log });
  const order: string[] = [];
  stopper.add("database", () => void order.push("database"));
  const remove = stopper.add("nothing", () => void order.push("nothing"));
  stopper.add("engine", async () => {
    await Promise.resolve();
    order.push("engine");
  });
  remove();
  assert.equal(stopper.signal.aborted, false);
  const both = await Promise.all([stopper.stop("test"), stopper.stop("again")]);
  assert.deepEqual(both, [true, true]);
  assert.deepEqual(order, ["engine", "database"]);
  assert.equal(stopper.signal.aborted, true);
});

test("goes on after a step that fails and after one that takes too long, and says so", async () => {
  const { log, text } = recordingLog();
  const stopper = createStopper({ log, stopMs: 20 });
  const order: string[] = [];
  stopper.add("last", () => void order.push("last"));
  stopper.add("endless", () => new Promise(() => {}));
  stopper.add("broken", () => {
    throw new Error("no");
  });
  assert.equal(await stopper.stop("test"), false);
  assert.deepEqual(order, ["last"]);
  assert.match(text(), /"step":"endless","stopMs":20,"msg":"a step of stopping took too long/);
  assert.match(text(), /"step":"broken".*"msg":"a step of stopping failed/);
});

const PROGRAM = `
const { createStopper } = await import(process.argv[1]);
const { createLog } = await import(process.argv[2]);
const stopper = createStopper({ log: createLog() });
stopper.attach();
stopper.add("step", () => new Promise((resolve) => setTimeout(resolve, Number(process.argv[3]))), { stopMs: 10_000 });
setInterval(() => {}, 1000);
if (process.argv[4] === "throw") setTimeout(() => { throw new Error("nobody caught me"); }, 1);
if (process.argv[4] === "reject") setTimeout(() => void Promise.reject(new Error("nobody caught me")), 1);
if (process.argv[4] === "lost") setTimeout(() => void Promise.reject(Object.assign(new Error("lost"), { code: "CONNECTION_CLOSED" })), 1);
process.stdout.write("ready");
`;

interface Program {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  said(text: string): Promise<void>;
}

function run(t: TestContext, stepMs: number, way = "wait"): Program {
  const modules = [import.meta.resolve("./stop.ts"), import.meta.resolve("./log.ts")];
  const args = ["--input-type=module", "--eval", PROGRAM, ...modules, String(stepMs), way];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.includes(text)) resolve();
      };
      child.stdout.on("data", look);
      void exited.then(() => reject(new Error(`never said ${text}: ${output}`)));
      look();
    });
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  return { child, exited, said };
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  test(`finishes its steps and exits with 0 on ${signal}`, async (t) => {
    const program = run(t, 30);
    await program.said("ready");
    program.child.kill(signal);
    await program.said('"step":"step","tookMs"');
    assert.equal(await program.exited, 0);
  });
}

test("exits with 130 when Ctrl-C is pressed again, and takes a repeat within a moment for the same one", async (t) => {
  const program = run(t, 9000);
  await program.said("ready");
  const startedMs = performance.now();
  const pressing = setInterval(() => program.child.kill("SIGINT"), 50);
  t.after(() => clearInterval(pressing));
  assert.equal(await program.exited, 130);
  assert.ok(performance.now() - startedMs >= 1_000);
});

test("goes on when the driver loses a connection that nobody waits for", async (t) => {
  const program = run(t, 30, "lost");
  await program.said("a connection was lost while it was made");
  program.child.kill("SIGTERM");
  assert.equal(await program.exited, 0);
});

for (const way of ["throw", "reject"]) {
  test(`stops in order and exits with 1 after an error nobody caught (${way})`, async (t) => {
    const program = run(t, 30, way);
    await program.said("nobody caught me");
    await program.said('"step":"step","tookMs"');
    assert.equal(await program.exited, 1);
  });
}
