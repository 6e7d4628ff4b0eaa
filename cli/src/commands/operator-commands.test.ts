import assert from "node:assert/strict";
import { userInfo } from "node:os";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import type { FlowDefinition } from "@sluice/engine/definition";
import { memoryDatabase, startMemoryServer } from "../fixtures/memory-server.ts";
import type { MemoryServer, Pack } from "../fixtures/memory-server.ts";
import { parcel } from "../fixtures/parcels/parcel.flow.ts";
import { createTerminal, sluice } from "../fixtures/terminal.ts";
import type { TerminalOptions } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";
import { runCli } from "../program.ts";

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const UNKNOWN = "00000000-0000-4000-8000-000000000000";

interface Desk extends MemoryServer {
  /** A command line against the server, by `anna`. */
  run(...args: readonly string[]): ReturnType<typeof sluice>;
  at(options: TerminalOptions, ...args: readonly string[]): ReturnType<typeof sluice>;
  startParcels(count: number): Promise<readonly string[]>;
  stateOf(runId: string): Promise<string>;
}

async function openDesk(
  t: TestContext,
  options: Parameters<typeof startMemoryServer>[1] = {},
): Promise<Desk> {
  const server = await startMemoryServer(t, options);
  const { client } = server.engine;
  const env = { SLUICE_URL: server.url, USER: "anna" };
  return {
    ...server,
    run: (...args) => sluice(args, { env }),
    at: (terminal, ...args) => sluice(args, { ...terminal, env: { ...env, TERM: "dumb" } }),
    stateOf: async (runId) => (await client.require(runId)).state,
    async startParcels(count) {
      const started = await Promise.all(
        Array.from({ length: count }, () => client.start("parcel", { data: { address: "Elm 1" } })),
      );
      await until("they are in the list", async () => {
        const { items } = await client.list({ flow: "parcel", state: "ordered", limit: 200 });
        return items.length >= Math.min(count, 200);
      });
      return started.map(({ runId }) => runId);
    },
  };
}

/** Packs once it is told that it may. */
function boxes(): { readonly pack: Pack; haveCome: boolean } {
  const stock = {
    haveCome: false,
    pack: async () => {
      if (stock.haveCome) return { type: "ParcelPacked" as const, data: {} };
      throw Object.assign(new Error("no box fits"), { code: "NO_BOX", kind: "invalid" });
    },
  };
  return stock;
}

async function startParked({ engine, startParcels }: Desk, runs = 1): Promise<readonly string[]> {
  const runIds = await startParcels(runs);
  for (const runId of runIds) await engine.client.send(runId, { type: "Paid", data: {} });
  await until("they are parked and listed", async () => {
    const { items } = await engine.client.list({ flow: "parcel", parked: true, limit: 200 });
    return items.length === runs;
  });
  return runIds;
}

/** Its guard throws, and so does the undo of what it has done. */
const brittle: FlowDefinition = {
  name: "brittle",
  version: 1,
  events: { Checked: {}, ParcelPacked: {}, Called: {} },
  commands: {
    PackParcel: { channel: "warehouse", answers: ["ParcelPacked"] },
    UnpackParcel: { channel: "carrier", answers: ["Called"] },
  },
  initial: "open",
  states: {
    open: {
      on: {
        Called: "packing",
        Checked: {
          guard: () => {
            throw new Error("the guard is broken");
          },
          target: "over",
        },
      },
    },
    packing: {
      send: { PackParcel: "data" },
      undo: { PackParcel: { send: { UnpackParcel: "data" } } },
      on: { ParcelPacked: "packed" },
    },
    packed: { on: { Called: { target: "over", compensate: true } } },
    over: { final: "over" },
  },
};

describe("operations on one run", () => {
  it("cancel it, and say by whom and why", async (t) => {
    const { run, startParcels, stateOf } = await openDesk(t);
    const [runId = ""] = await startParcels(1);
    const canceled = await run("runs", "cancel", runId, "--reason", "called off");
    assert.deepEqual([canceled.exitCode, canceled.stderr], [0, ""]);
    assert.match(canceled.stdout, /^cancel done as history entry 2 \(action \S+\)\n$/);
    assert.equal(await stateOf(runId), "canceled");
    const shown = await run("runs", "show", runId);
    assert.match(shown.stdout, /^ *2 .* canceled by anna \(called off\) +canceled$/m);
  });

  it("cancel one whose undo has failed, and say that it stays parked by it", async (t) => {
    const desk = await openDesk(t, { flows: [brittle] });
    const { client } = desk.engine;
    const { runId } = await client.start("brittle", { data: {} });
    await client.send(runId, { type: "Called", data: {} });
    await until("it is packed", async () => (await desk.stateOf(runId)) === "packed");
    await client.send(runId, { type: "Called", data: {} });
    await until("its undo has failed", async () => (await client.require(runId)).parked === "undo-failed");
    const first = await desk.run("runs", "cancel", runId);
    assert.equal(first.exitCode, 0);
    assert.match(first.stdout, /^cancel done as .*\nit stays parked \(undo-failed\) .*: retry or skip it\n$/);
    const second = await desk.run("runs", "cancel", runId);
    assert.equal(second.exitCode, 1);
    assert.match(second.stderr, /being canceled already, .* \(FLOW_COMPENSATING\)\n$/);
    await desk.run("runs", "skip", runId);
    await until("it is canceled", async () => (await client.require(runId)).outcome === "canceled");
  });

  it("record the name that the system knows where the environment has none", async (t) => {
    const { url, startParcels, engine } = await openDesk(t);
    const [runId = ""] = await startParcels(1);
    await sluice(["runs", "cancel", runId], { env: { SLUICE_URL: url, USER: "" } });
    const { items } = await engine.operator.listActions({ kind: "run.cancel", limit: 1 });
    assert.equal(items[0]?.by, userInfo().username);
  });

  it("force it into a state with data, under another name", async (t) => {
    const { run, startParcels, engine } = await openDesk(t);
    const [runId = ""] = await startParcels(1);
    const args = ["runs", "force", runId, "--to", "packed", "--data", '{"address":"Oak 2"}', "--by", "ben"];
    const { exitCode, stdout } = await run(...args, "--json");
    assert.equal(exitCode, 0);
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ["actionId", "version", "isRepeat"]);
    await until("it is shipped", async () => (await engine.client.require(runId)).outcome === "shipped");
    assert.deepEqual((await engine.client.require(runId)).data, { address: "Oak 2" });
    const { items } = await engine.client.history({ runId, limit: 10 });
    assert.equal(items.find(({ kind }) => kind === "forced")?.by, "ben");
  });

  it("retry it once its cause is mended", async (t) => {
    const stock = boxes();
    const desk = await openDesk(t, { pack: stock.pack });
    const [runId = ""] = await startParked(desk);
    stock.haveCome = true;
    assert.equal((await desk.run("runs", "retry", runId)).exitCode, 0);
    await until("it is shipped", async () => (await desk.stateOf(runId)) === "shipped");
  });

  it("only say what would be with --dry-run", async (t) => {
    const { run, startParcels, stateOf } = await openDesk(t);
    const [runId = ""] = await startParcels(1);
    const { exitCode, stdout } = await run("runs", "force", runId, "--to", "packed", "--dry-run");
    assert.equal(exitCode, 0);
    assert.match(
      stdout,
      new RegExp(`^${runId} +ordered +packed\n1 would be done, 0 left as they are\n$`, "m"),
    );
    const refused = await run("runs", "skip", runId, "--dry-run", "--json");
    assert.equal(refused.exitCode, 1);
    assert.equal(JSON.parse(refused.stdout).code, "FLOW_RUN_NOT_PARKED");
    assert.equal(await stateOf(runId), "ordered");
  });

  it("end with 1 when it refuses, with the reason and code", async (t) => {
    const { run, startParcels } = await openDesk(t);
    const [runId = ""] = await startParcels(1);
    for (const [args, code, exitCode] of [
      [["runs", "skip", runId], "FLOW_RUN_NOT_PARKED", 1],
      [["runs", "retry", runId], "FLOW_NOTHING_TO_RETRY", 1],
      [["runs", "force", runId, "--to", "nowhere"], "FLOW_UNKNOWN_STATE", 2],
      [["runs", "migrate", runId, "--to", "9"], "FLOW_MIGRATION_MISSING", 2],
      [["runs", "cancel", UNKNOWN], "FLOW_UNKNOWN_RUN", 1],
      [["dead-letters", "redrive", runId], "FLOW_RUN_NOT_PARKED", 1],
    ] as const) {
      const ended = await run(...args);
      assert.equal(ended.exitCode, exitCode, args.join(" "));
      assert.match(ended.stderr, new RegExp(`^sluice: .+ \\(${code}\\)\n$`), args.join(" "));
    }
  });
});

describe("operations on many runs", () => {
  it("are a job that the command waits for", async (t) => {
    const { run, startParcels, stateOf } = await openDesk(t);
    const runIds = await startParcels(4);
    const filter = ["--flow", "parcel", "--state", "ordered", "--stuck-for", "0s"];
    const { exitCode, stdout, stderr } = await run("runs", "cancel", ...filter, "--yes");
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.match(stdout, /^cancel: 4 done \(job \S+\)\n$/);
    for (const runId of runIds) assert.equal(await stateOf(runId), "canceled");
  });

  it("take several ids", async (t) => {
    const { run, startParcels } = await openDesk(t);
    const [first = "", second = ""] = await startParcels(2);
    const { exitCode, stdout } = await run("runs", "cancel", first, second, UNKNOWN, "--yes", "--json");
    assert.equal(exitCode, 1);
    const job = JSON.parse(stdout);
    assert.deepEqual(
      [job.state, job.seen, job.applied, job.refused],
      ["done", 3, 2, { FLOW_UNKNOWN_RUN: 1 }],
    );
  });

  it("tell which runs they left, and end with 1", async (t) => {
    const { run, startParcels } = await openDesk(t);
    await startParcels(2);
    const { exitCode, stdout } = await run("runs", "retry", "--flow", "parcel", "--yes");
    assert.equal(exitCode, 1);
    assert.match(stdout, /^so far +0 done, 2 left as they are \(2 FLOW_NOTHING_TO_RETRY\)$/m);
    assert.match(stdout, /ordered +stays: .+ \(FLOW_NOTHING_TO_RETRY\)$/m);
  });

  it("change nothing with --dry-run, in counts or run by run", async (t) => {
    const { run, startParcels, stateOf } = await openDesk(t);
    const runIds = await startParcels(3);
    const args = ["runs", "force", "--flow", "parcel", "--to", "packed", "--dry-run"];
    const counts = await run(...args);
    assert.equal(counts.exitCode, 0);
    assert.match(counts.stdout, /^what +force state="packed" \(dry run\)$/m);
    assert.match(counts.stdout, /^so far +3 would be done$/m);
    assert.match(counts.stdout, /^ +3 {2}ordered → packed$/m);
    const list = await run(...args, "--list");
    for (const runId of runIds) assert.match(list.stdout, new RegExp(`^${runId} +ordered +packed$`, "m"));
    assert.match(list.stdout, /^3 would be done, 0 left as they are$/m);
    for (const runId of runIds) assert.equal(await stateOf(runId), "ordered");
  });

  it("list in a dry run also the runs that a migration has no state for, by state, and end with 1", async (t) => {
    const database = memoryDatabase();
    const old = await startMemoryServer(t, { database });
    const { client } = old.engine;
    const { runId } = await client.start("parcel", { data: { address: "Elm 1" } });
    await until(
      "it is listed",
      async () => (await client.list({ flow: "parcel", limit: 1 })).items.length === 1,
    );
    await old.stopHttp();
    await old.engine.stop();
    const { ordered, ...others } = parcel.states;
    const states = { ...others, asked: ordered };
    const parcel2 = {
      ...parcel,
      version: 2,
      initial: "asked",
      states,
      migrations: [{ from: 1 }],
    } as FlowDefinition;
    const desk = await openDesk(t, { database, flows: [parcel, parcel2] });
    const args = ["migrate", "parcel", "--to", "2"];
    const list = await desk.run(...args, "--dry-run", "--list");
    assert.equal(list.exitCode, 1);
    assert.match(
      list.stdout,
      new RegExp(`^${runId} +ordered +stays: cannot be migrated: .* no state for .ordered.`, "m"),
    );
    assert.match(
      list.stdout,
      /^0 would be done, 1 left as they are\n +1 {2}ordered stays: FLOW_MIGRATION_REFUSED$/m,
    );
    assert.match(list.stderr, /^sluice: the job itself would be refused: states of version 1 .*: ordered; /);
    const counts = await desk.run(...args, "--dry-run");
    assert.equal(counts.exitCode, 1);
    assert.match(counts.stdout, /^but +the job itself would be refused: .* \(FLOW_MIGRATION_REFUSED\)$/m);
    assert.match(counts.stdout, /^ +1 {2}ordered stays: FLOW_MIGRATION_REFUSED$/m);
    const asked = await desk.at({ isTTY: true, stdin: "y\n" }, ...args);
    assert.equal(asked.exitCode, 1);
    assert.match(asked.stderr, /the job itself would be refused: .*\nnothing was changed\n$/);
    const told = await desk.run(...args, "--yes");
    assert.equal(told.exitCode, 1);
    assert.match(told.stderr, /\(FLOW_MIGRATION_REFUSED\)\n$/);
    assert.equal((await desk.engine.client.require(runId)).flowVersion, 1);
  });

  it("ask at a terminal before they change anything, and show what would be", async (t) => {
    const { at, startParcels, stateOf } = await openDesk(t);
    const [runId = ""] = await startParcels(3);
    const args = ["runs", "cancel", "--flow", "parcel", "--state", "ordered"];
    const no = await at({ isTTY: true, stdin: "n\n" }, ...args);
    assert.equal(no.exitCode, 1);
    assert.match(
      no.stderr,
      /^ +3 {2}ordered → canceled\ncancel 3 runs with flow=parcel state=ordered\? \[y\/N\] /,
    );
    assert.match(no.stderr, /nothing was changed\n$/);
    assert.equal(await stateOf(runId), "ordered");
    const yes = await at({ isTTY: true, stdin: "yes\n" }, ...args);
    assert.equal(yes.exitCode, 0);
    assert.match(yes.stdout, /^cancel: 3 done/);
    assert.equal(await stateOf(runId), "canceled");
    const none = await at({ isTTY: true, stdin: "y\n" }, ...args);
    assert.deepEqual([none.exitCode, none.stdout], [1, ""]);
    assert.match(none.stderr, /^no runs with flow=parcel state=ordered\n/);
  });

  it("are refused where nobody can be asked, without --yes", async (t) => {
    const { run, startParcels, stateOf } = await openDesk(t);
    const [runId = ""] = await startParcels(1);
    const { exitCode, stderr } = await run("runs", "cancel", "--flow", "parcel");
    assert.equal(exitCode, 2);
    assert.match(stderr, /expected --yes .*CLI_BAD_ARGUMENT/);
    assert.equal(await stateOf(runId), "ordered");
  });

  it("go on after Ctrl-C, which says how to follow and to stop them", async (t) => {
    const { url, startParcels, run, engine } = await openDesk(t);
    await startParcels(3);
    const ctrlC = new AbortController();
    const { cli, written } = createTerminal({ signal: ctrlC.signal, isTTY: true, env: { NO_COLOR: "1" } });
    const args = ["runs", "cancel", "--flow", "parcel", "--rate", "0.01", "--yes", "--url", url];
    const canceling = runCli(args, cli);
    await until("its progress", () => written.stderr.includes("cancel … 1 done"));
    ctrlC.abort();
    assert.equal(await canceling, 130);
    const jobId = UUID.exec(written.stderr)?.[0] ?? "";
    assert.match(written.stderr, new RegExp(`follow it with \`sluice jobs watch ${jobId}\``));
    assert.match(written.stderr, new RegExp(`stop it with \`sluice jobs stop ${jobId}\``));
    assert.equal((await engine.operator.requireAction(jobId)).state, "running");
    assert.equal((await run("jobs", "stop", jobId)).exitCode, 0);
    const watched = await run("jobs", "watch", jobId);
    assert.equal(watched.exitCode, 1);
    assert.match(watched.stdout, /^state +stopped$/m);
  });

  it("end at once with --no-wait", async (t) => {
    const { run, startParcels, engine } = await openDesk(t);
    const [runId = ""] = await startParcels(1);
    const { exitCode, stdout } = await run("runs", "cancel", "--flow", "parcel", "--yes", "--no-wait");
    assert.equal(exitCode, 0);
    const jobId = UUID.exec(stdout)?.[0] ?? "";
    assert.match(
      stdout,
      new RegExp(`^job ${jobId} is under way; follow it with \`sluice jobs watch ${jobId}\`\n$`),
    );
    await until("the run is canceled", async () => (await engine.client.require(runId)).outcome !== null);
  });

  it("are refused when their filters say nothing, or contradict", async (t) => {
    const { run } = await openDesk(t);
    for (const [args, reason] of [
      [["runs", "cancel"], /neither runs nor filters/],
      [["runs", "cancel", UNKNOWN, "--state", "paid"], /both runs and filters/],
      [["runs", "cancel", "--flow", "parcel", "--list"], /--list goes with --dry-run/],
      [["runs", "force", UNKNOWN], /required option '--to/],
      [["runs", "cancel", "--flow", "parcel", "--rate", "0"], /from 0\.01/],
      [["runs", "cancel", "--park-reason", "boredom"], /Allowed choices/],
      [["runs", "cancel", "--flow", "nothing", "--yes"], /FLOW_UNKNOWN_FLOW/],
      [["dead-letters", "redrive"], /neither runs nor filters.* such as: sluice dead-letters redrive --flow/],
      [["migrate", "parcel"], /required option '--to/],
    ] as const) {
      const { exitCode, stdout, stderr } = await run(...args);
      assert.ok(exitCode === 2 || exitCode === 1, args.join(" "));
      assert.equal(stdout, "", args.join(" "));
      assert.match(stderr, reason, args.join(" "));
    }
  });
});

describe("sluice dead-letters", () => {
  it("lists what parked runs, with what it carried, and what waits behind it", async (t) => {
    const desk = await openDesk(t, { pack: boxes().pack });
    const [runId = ""] = await startParked(desk);
    await desk.engine.client.send(runId, { type: "Canceled", data: {} });
    const { stdout } = await desk.run("dead-letters", "--flow", "parcel");
    assert.match(stdout, /^RUN +# +FLOW +KEY +STATE +AGE +WHAT +WHY$/m);
    const what = 'failure of PackParcel {"address":"Elm 1"}';
    const head = `^${runId} +3 +parcel +- +paid +\\S+ +${what} +command-refused: no box fits \\(NO_BOX\\)$`;
    assert.match(stdout, new RegExp(head, "m"));
    assert.match(stdout, new RegExp(`^${runId} +4 .* event Canceled +waits behind$`, "m"));
    assert.equal((await desk.run("dead-letters", "--state", "ordered")).stdout, "no dead letters\n");
    const misspelt = await desk.run("dead-letters", "--flow", "parcle");
    assert.match(misspelt.stderr, /did you mean "parcel"\? \(FLOW_UNKNOWN_FLOW\)\n$/);
    const json = await desk.run("dead-letters", "list", "--run", runId, "--limit", "1", "--json");
    assert.equal(JSON.parse(json.stdout).items[0].place, "head");
    const next = await desk.run("dead-letters", "--run", runId, "--limit", "1");
    assert.match(next.stdout, / --cursor \S+\n$/);
  });

  it("shows what parked a run with the stack of the rule that threw, to who may operate", async (t) => {
    const desk = await openDesk(t, { flows: [brittle] });
    const { client } = desk.engine;
    const { runId } = await client.start("brittle", { key: "b-1", data: {} });
    await client.send(runId, { type: "Checked", data: {} });
    const { exitCode, stdout, stderr } = await desk.run("dead-letters", "show", runId);
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.match(stdout, /^why +rule-failed: the guard is broken \(FLOW_RULE_FAILED\)$/m);
    const where = new RegExp(`^where +sluice dead-letters show ${runId} has the stack$`, "m");
    assert.match((await desk.run("runs", "show", runId)).stdout, where);
    assert.match(stdout, /^Error: the guard is broken\n +at guard .*operator-commands\.test\.ts:\d+/m);
    await until("it is listed", async () => (await client.list({ key: "b-1", limit: 1 })).items.length === 1);
    const byKey = await desk.run("dead-letters", "show", "b-1", "--flow", "brittle", "--json");
    const { version, stack } = JSON.parse(byKey.stdout);
    assert.match(stack, /the guard is broken/);
    assert.equal((await desk.run("dead-letters", "show", runId, String(version))).stdout, stdout);
    const none = await desk.run("dead-letters", "show", runId, "99");
    assert.equal(none.exitCode, 1);
    assert.match(none.stderr, /\(FLOW_UNKNOWN_DEAD_LETTER\)\n$/);
  });

  it("takes them in again by filter once the cause is mended", async (t) => {
    const stock = boxes();
    const desk = await openDesk(t, { pack: stock.pack });
    const runIds = await startParked(desk, 3);
    const filter = ["--flow", "parcel", "--state", "paid", "--park-reason", "command-refused"];
    const dry = await desk.run("dead-letters", "redrive", ...filter, "--dry-run");
    assert.match(dry.stdout, /^so far +3 would be done$/m);
    stock.haveCome = true;
    const { exitCode, stdout } = await desk.run(
      "dead-letters",
      "redrive",
      ...filter,
      "--yes",
      "--rate",
      "100",
    );
    assert.equal(exitCode, 0);
    assert.match(stdout, /^redrive: 3 done/);
    for (const runId of runIds)
      await until("it is shipped", async () => (await desk.stateOf(runId)) === "shipped");
    const nothing = await desk.run("dead-letters", "redrive", "--all", "--yes");
    assert.equal(nothing.exitCode, 0);
    assert.match(nothing.stdout, /^redrive: 0 done/);
  });
});

describe("sluice jobs", () => {
  it("lists and shows them", async (t) => {
    const { run, startParcels } = await openDesk(t);
    await startParcels(2);
    assert.equal((await run("jobs")).stdout, "no jobs\n");
    await run("runs", "cancel", "--flow", "parcel", "--yes", "--reason", "called off");
    const list = await run("jobs");
    assert.match(list.stdout, /^JOB +WHAT +RUNS +STATE +DONE +LEFT +BY +ASKED$/m);
    assert.match(list.stdout, /^\S+ +cancel +flow=parcel +done +2 +0 +anna +\S+ ago$/m);
    const jobId = UUID.exec(list.stdout)?.[0] ?? "";
    const shown = await run("jobs", "show", jobId);
    assert.match(shown.stdout, /^reason +called off$/m);
    assert.match(shown.stdout, /^rate +as fast as it goes$/m);
    assert.equal(JSON.parse((await run("jobs", "show", jobId, "--json")).stdout).jobId, jobId);
    assert.equal((await run("jobs", "--state", "running")).stdout, "no jobs\n");
    const stopped = await run("jobs", "stop", jobId);
    assert.match(stopped.stdout, /^job \S+ is done: 2 done\n$/);
    for (const command of ["show", "stop", "watch"])
      assert.match((await run("jobs", command, UNKNOWN)).stderr, /FLOW_UNKNOWN_ACTION/);
  });
});

describe("sluice pause and resume", () => {
  it("let a flow, a state or a command stand still and go on", async (t) => {
    const { run, engine } = await openDesk(t);
    assert.equal((await run("pauses")).stdout, "nothing is paused\n");
    const paused = await run("pause", "parcel", "--reason", "no boxes");
    assert.deepEqual([paused.exitCode, paused.stdout], [0, "flow parcel stands still\n"]);
    assert.match(
      (await run("pause", "parcel")).stdout,
      /^flow parcel stood still already, paused by anna\n$/,
    );
    const start = await run("start", "parcel", "--data", '{"address":"Elm 1"}');
    assert.equal(start.exitCode, 3);
    assert.match(start.stderr, /flow parcel is paused: no boxes.*\(FLOW_PAUSED\)/);
    await run("pause", "parcel", "--command", "PackParcel");
    await run("pause", "parcel", "--state", "paid");
    const { stdout } = await run("pauses");
    assert.match(stdout, /^flow parcel +\d{4}-\S+ +anna +no boxes$/m);
    assert.match(stdout, /^command PackParcel of parcel +\S+ +anna +-$/m);
    assert.match(stdout, /^state paid of parcel/m);
    assert.equal(JSON.parse((await run("pauses", "--json")).stdout).items.length, 3);
    assert.equal((await run("resume", "parcel")).stdout, "flow parcel goes on\n");
    assert.equal((await run("resume", "parcel")).stdout, "flow parcel was not paused\n");
    await run("resume", "parcel", "--command", "PackParcel");
    await run("resume", "parcel", "--state", "paid");
    assert.deepEqual(await engine.operator.listPauses(), []);
    const wrong = await run("pause", "parcel", "--state", "nowhere");
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /expected one of: .*ordered, paid/);
  });
});

describe("sluice migrate", () => {
  const parcel1 = parcel as unknown as FlowDefinition;
  const parcel2: FlowDefinition = { ...parcel1, version: 2, migrations: [{ from: 1 }] };

  it("moves the runs of a flow to a new version, after a dry run", async (t) => {
    const database = memoryDatabase();
    const old = await openDesk(t, { database });
    const runIds = await old.startParcels(3);
    await old.engine.stop();
    const { run, engine } = await openDesk(t, { database, flows: [parcel1, parcel2] });
    const list = await run("migrate", "parcel", "--to", "2", "--dry-run", "--list");
    assert.equal(list.exitCode, 0);
    assert.match(list.stdout, /^3 would be done, 0 left as they are$/m);
    assert.equal((await engine.client.require(runIds[0] ?? "")).flowVersion, 1);
    const { exitCode, stdout } = await run("migrate", "parcel", "--to", "2", "--state", "ordered", "--yes");
    assert.equal(exitCode, 0);
    assert.match(stdout, /^migrate: 3 done/);
    for (const runId of runIds) assert.equal((await engine.client.require(runId)).flowVersion, 2);
    const missing = await run("migrate", "parcel", "--to", "3", "--yes");
    assert.equal(missing.exitCode, 2);
    assert.match(missing.stderr, /FLOW_MIGRATION_MISSING/);
  });
});

describe("sluice audit --actions", () => {
  it("lists who did what, to how many, and why", async (t) => {
    const { run, startParcels } = await openDesk(t);
    assert.equal((await run("audit", "--actions")).stdout, "nobody has done anything\n");
    const [runId = ""] = await startParcels(3);
    await run("runs", "cancel", runId, "--reason", "called off");
    await run("runs", "cancel", "--flow", "parcel", "--yes");
    await run("pause", "parcel", "--by", "ben");
    const { stdout } = await run("audit", "--actions");
    assert.match(stdout, /^WHEN +WHO +WHAT +TO +HOW MANY +WHY$/m);
    assert.match(stdout, new RegExp(`^\\S+ +anna +run.cancel +${runId} +1 done +called off$`, "m"));
    assert.match(stdout, /^\S+ +anna +runs\.cancel +flow=parcel +2 done +-$/m);
    assert.match(stdout, /^\S+ +ben +flow\.pause +flow parcel +- +-$/m);
    const one = await run("audit", "--actions", "--kind", "runs", "--json");
    assert.deepEqual(
      JSON.parse(one.stdout).items.map(({ kind }: { kind: string }) => kind),
      ["runs.cancel"],
    );
    assert.equal(
      (await run("audit", "--actions", "--kind", "key")).stdout,
      "nobody has done anything of the kind key\n",
    );
    const unknown = await run("audit", "--actions", "--kind", "nonsense");
    assert.deepEqual([unknown.exitCode, unknown.stdout], [2, ""]);
    assert.match(unknown.stderr, /kind.*runs\.cancel/);
    const page = await run("audit", "--actions", "--limit", "1");
    assert.match(page.stdout, / --cursor \S+\n$/);
  });
});
