import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startMemoryServer } from "../fixtures/memory-server.ts";
import { createTerminal, sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";
import { runCli } from "../program.ts";

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const UNKNOWN = "00000000-0000-4000-8000-000000000000";

describe("commands against a server", () => {
  it("start a run, send it events and show its way to the end", async (t) => {
    const { url } = await startMemoryServer(t);
    const env = { SLUICE_URL: url };
    const started = await sluice(["start", "parcel", "--key", "p-1", "--data", '{"address":"Elm 1"}'], {
      env,
    });
    assert.deepEqual([started.exitCode, started.stderr], [0, ""]);
    const runId = UUID.exec(started.stdout)?.[0] ?? "";
    assert.equal(started.stdout, `${runId}  run of parcel\n`);

    const sent = await sluice(["send", runId, "Paid", "--id", "pay-1"], { env });
    assert.equal(sent.stdout, "Paid applied as history entry 2 (event id pay-1)\n");
    await until("the end of the run", async () =>
      (await sluice(["runs", "show", runId], { env })).stdout.includes("ended: shipped"),
    );

    const { stdout } = await sluice(["runs", "show", runId], { env });
    assert.match(stdout, /^key +p-1$/m);
    assert.match(stdout, /^ {2}"address": "Elm 1"$|^ {4}"address": "Elm 1"$/m);
    assert.match(stdout, /^ *1 .* started +ordered$/m);
    assert.match(stdout, /^ *2 .* event Paid → PackParcel +paid$/m);
    assert.match(stdout, /^ *3 .* event ParcelPacked → ShipParcel +packed$/m);
    assert.match(stdout, /^ *4 .* event ParcelShipped +shipped$/m);
  });

  it("print JSON for programs", async (t) => {
    const { url } = await startMemoryServer(t);
    const json = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await sluice([...args, "--json", "--url", url]);
      assert.deepEqual([exitCode, stderr], [0, ""], args.join(" "));
      return JSON.parse(stdout);
    };
    const started = await json("start", "parcel", "--key", "p-1", "--data", '{"address":"Elm 1"}');
    assert.deepEqual(Object.keys(started), ["runId", "flow", "key"]);
    const sent = await json("send", started.runId, "Canceled", "--id", "c-1");
    assert.deepEqual(sent, { eventId: "c-1", outcome: "applied", version: 2 });
    const shown = await json("runs", "show", started.runId);
    assert.equal(shown.run.outcome, "canceled");
    assert.deepEqual(
      shown.history.map(({ version }: { version: number }) => version),
      [1, 2],
    );
    const page = await until("the run in the list", async () => {
      const list = await json("runs", "list", "--outcome", "canceled");
      return list.items.length === 1 ? list : null;
    });
    assert.equal(page.items[0].runId, started.runId);
    assert.equal(page.cursor, null);
    const flows = await json("flows");
    assert.deepEqual(
      flows.items.map(({ name, states }: { name: string; states: number }) => [name, states]),
      [["parcel", 5]],
    );
    assert.equal((await json("flows", "show", "parcel")).definition.initial, "ordered");
    const drawn = await json("flows", "diagram", "parcel");
    assert.match(drawn.drawing, /stateDiagram/);
  });

  it("wait for the end of a run they start", async (t) => {
    const { url } = await startMemoryServer(t);
    const args = ["start", "parcel", "--key", "p-1", "--data", '{"address":"Elm 1"}', "--url", url];
    const late = await sluice([...args, "--idempotency-key", "k", "--wait", "1"]);
    assert.equal(late.exitCode, 0);
    assert.match(late.stdout, /run of parcel, under way$/m);
    const runId = UUID.exec(late.stdout)?.[0] ?? "";
    await sluice(["send", runId, "Paid", "--url", url]);
    const ended = await sluice([...args, "--idempotency-key", "k", "--wait", "10"]);
    assert.match(ended.stdout, /ended: shipped/);
  });

  it("tell of a parked run why it is parked and how to go on, and not that it waits", async (t) => {
    const pack = async () => {
      throw Object.assign(new Error("no box fits"), { code: "NO_BOX", kind: "invalid" });
    };
    const { url, engine } = await startMemoryServer(t, { pack });
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    await engine.client.send(runId, { type: "Paid", data: {} });
    const show = async () => (await sluice(["runs", "show", runId, "--url", url])).stdout;
    await until("the run to be parked", async () => (await show()).includes("parked"));
    const shown = await show();
    assert.match(shown, /^state +paid \(parked: command-refused\)$/m);
    assert.match(shown, /^parked +a command was refused for good, and the state takes no commandFailed$/m);
    assert.match(shown, /^parked at +\d{4}-\S+ by PackParcel to warehouse, attempt 1$/m);
    assert.match(shown, /^error +NO_BOX: no box fits$/m);
    assert.match(
      shown,
      new RegExp(`^to go on +later events wait behind it.* sluice runs retry ${runId} `, "m"),
    );
    assert.doesNotMatch(shown, /waits for/);
  });

  it("list runs by every filter, page by page", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    for (const key of ["p-1", "p-2", "p-3"])
      await engine.client.start("parcel", { key, data: { address: "Elm 1" } });
    const list = async (...args: string[]) => (await sluice(["runs", "list", "--url", url, ...args])).stdout;
    const keysOf = (text: string) => [...text.matchAll(/p-\d/g)].map(([key]) => key);
    await until("three runs in the list", async () => keysOf(await list()).length === 3);

    assert.match(await list(), /^RUN +FLOW +KEY +STATE +BUSINESS STATE +IN STATE +UPDATED$/m);
    assert.deepEqual(keysOf(await list("--key", "p-2")), ["p-2"]);
    assert.equal(
      keysOf(await list("--flow", "parcel", "--state", "ordered", "--business-state", "open")).length,
      3,
    );
    assert.equal(keysOf(await list("--no-parked", "--stuck-for", "0s", "--updated-since", "1h")).length, 3);
    assert.equal(await list("--parked"), "no runs\n");
    assert.equal(await list("--stuck-for", "1h"), "no runs\n");
    assert.equal(await list("--outcome", "shipped"), "no runs\n");

    const seen: string[] = [];
    for (let cursor: string[] | undefined = []; cursor !== undefined;) {
      const page = await list("--limit", "1", ...cursor);
      seen.push(...keysOf(page));
      const next = / --cursor (\S+)\n$/.exec(page)?.[1];
      cursor = next === undefined ? undefined : ["--cursor", next];
    }
    assert.deepEqual(seen.toSorted(), ["p-1", "p-2", "p-3"]);
  });

  it("show flows with live counts and draw them", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    await engine.client.start("parcel", { data: { address: "Elm 1" } });
    const flows = (...args: string[]) => sluice(["flows", ...args, "--url", url]);
    await until("the count", async () => /parcel +1 +5 +1 +0/.test((await flows()).stdout));
    assert.match((await flows("show", "parcel")).stdout, /^ +1 +ordered +1 +0$/m);
    assert.match((await flows("diagram", "parcel")).stdout, /^stateDiagram/m);
    assert.match((await flows("diagram", "parcel", "--format", "svg")).stdout, /^<svg[^]*<\/svg>\n$/);
  });

  it("end with 1 when the server refuses, with its reason and code", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    await engine.client.send(runId, { type: "Canceled", data: {} });
    for (const [args, code, exitCode] of [
      [["start", "nothing"], "FLOW_UNKNOWN_FLOW", 1],
      [["runs", "show", UNKNOWN], "FLOW_UNKNOWN_RUN", 1],
      [["runs", "watch", UNKNOWN], "FLOW_UNKNOWN_RUN", 1],
      [["runs", "watch", "--flow", "nothing"], "FLOW_UNKNOWN_FLOW", 1],
      [["send", UNKNOWN, "Paid"], "FLOW_UNKNOWN_RUN", 1],
      [["send", runId, "Paid"], "FLOW_RUN_FINAL", 1],
      [["flows", "show", "nothing"], "FLOW_UNKNOWN_FLOW", 1],
      [["start", "parcel", "--data", '{"address":5}'], "FLOW_BAD_DATA", 2],
      [["send", runId, "Nothing"], "FLOW_UNKNOWN_EVENT", 2],
      [["runs", "list", "--cursor", "nonsense"], "FLOW_BAD_CURSOR", 2],
    ] as const) {
      const ended = await sluice([...args, "--url", url]);
      assert.equal(ended.exitCode, exitCode, args.join(" "));
      assert.equal(ended.stdout, "", args.join(" "));
      assert.match(ended.stderr, new RegExp(`^sluice: .+ \\(${code}\\)\n$`), args.join(" "));
    }
  });

  it("show text of others without letting it steer the terminal", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "\u009b2J\u202e" } });
    const { stdout } = await sluice(["runs", "show", runId, "--url", url]);
    assert.match(stdout, /"address": "\\u009b2J\\u202e"/);
  });
});

describe("sluice runs watch", () => {
  it("follows a run to its end, entry by entry", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    const { cli, written } = createTerminal();
    const watching = runCli(["runs", "watch", runId, "--url", url], cli);
    await until("the first entry", () => written.stdout.includes("started"));
    await engine.client.send(runId, { type: "Paid", data: {} });
    assert.equal(await watching, 0);
    const states = [...written.stdout.matchAll(/^ +\d+ {2}\S+ {2}(\w+) /gm)].map(([, state]) => state);
    assert.deepEqual(states, ["ordered", "paid", "packed", "shipped"]);
    assert.match(written.stdout, /\nshipped \(ended: shipped\)\n$/);
  });

  it("prints one JSON object a line for programs", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    await engine.client.send(runId, { type: "Canceled", data: {} });
    const { exitCode, stdout } = await sluice(["runs", "watch", runId, "--json", "--url", url]);
    assert.equal(exitCode, 0);
    const entries = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      entries.map(({ version, kind }) => [version, kind]),
      [
        [1, "started"],
        [2, "event"],
      ],
    );
  });

  it("follows the runs of a flow until Ctrl-C", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const ctrlC = new AbortController();
    const { cli, written } = createTerminal({ signal: ctrlC.signal });
    const watching = runCli(["runs", "watch", "--flow", "parcel", "--url", url], cli);
    const { runId } = await engine.client.start("parcel", { key: "p-1", data: { address: "Elm 1" } });
    await until("the start", () => written.stdout.includes("p-1  ordered"));
    await engine.client.send(runId, { type: "Canceled", data: {} });
    await until("the end", () => written.stdout.includes("p-1  canceled (ended: canceled)"));
    ctrlC.abort();
    assert.equal(await watching, 130);
    assert.equal(written.stdout.match(/ordered/g)?.length, 1);
  });

  it("waits for a server that goes away and comes back", async (t) => {
    const { url, engine, stopHttp, startHttp } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    const { cli, written } = createTerminal();
    const watching = runCli(["runs", "watch", runId, "--url", url], cli);
    await until("the first entry", () => written.stdout.includes("started"));
    await stopHttp();
    await until("the notice", () => written.stderr.includes("waiting for it"));
    await engine.client.send(runId, { type: "Canceled", data: {} });
    await startHttp();
    assert.equal(await watching, 0);
    assert.match(written.stderr, /the server is back\n$/);
    assert.match(written.stdout, /canceled \(ended: canceled\)\n$/);
  });
});
