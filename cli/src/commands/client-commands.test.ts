import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { FlowDefinition } from "@sluice/engine/definition";
import { manageKeys } from "@sluice/engine/http";
import { EXIT } from "../exit-codes.ts";
import { startMemoryServer } from "../fixtures/memory-server.ts";
import { parcel } from "../fixtures/parcels/parcel.flow.ts";
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

  it("send the later answer to one command", async (t) => {
    const { url, engine } = await startMemoryServer(t, { pack: async () => null });
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    await engine.client.send(runId, { type: "Paid", data: {} });
    const answer = (commandId: string) =>
      sluice(["send", runId, "ParcelPacked", "--command", commandId, "--url", url]);
    const elsewhere = await answer(`${UNKNOWN}:1:0`);
    assert.equal(elsewhere.exitCode, 2);
    assert.match(elsewhere.stderr, /names command .*, expected one of run .* \(FLOW_BAD_EVENT\)/);
    const [command] = (await engine.client.require(runId)).commands;
    assert.match((await answer(command?.id ?? "")).stdout, /^ParcelPacked applied as history entry/);
    // The carrier may have brought the run to its end meanwhile.
    const late = await answer(command?.id ?? "");
    assert.match(
      late.stderr,
      /does not wait for command .*; it was recorded|the run ended in state shipped/s,
    );
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

  it("take the key of a run in place of its id beside the flow", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const env = { SLUICE_URL: url };
    for (const key of ["p-1", "p-2"])
      await engine.client.start("parcel", { key, data: { address: "Elm 1" } });
    const run = (...args: string[]) => sluice([...args, "--flow", "parcel"], { env });
    await until("both are listed", async () => (await run("runs", "list")).stdout.split("p-").length === 3);
    assert.match((await run("send", "p-1", "Paid")).stdout, /^Paid applied as history entry 2/);
    assert.match((await run("runs", "watch", "p-1")).stdout, /^shipped \(ended: shipped\)$/m);
    assert.match((await run("runs", "show", "p-1")).stdout, /^key +p-1$/m);
    assert.match((await run("runs", "cancel", "p-2")).stdout, /^cancel done as history entry 2/);
    for (const args of [
      ["runs", "show", "p-3"],
      ["runs", "cancel", "p-3"],
      ["send", "p-3", "Paid"],
    ]) {
      const { exitCode, stderr } = await run(...args);
      assert.equal(exitCode, 1);
      assert.match(stderr, /^sluice: no run of parcel is listed with the key p-3.* \(CLI_UNKNOWN_RUN\)\n$/);
    }
  });

  it("name the run that has a key already", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { key: "p-1", data: { address: "Elm 1" } });
    const args = ["start", "parcel", "--key", "p-1", "--data", '{"address":"Elm 1"}', "--url", url];
    assert.match((await sluice(args)).stderr, new RegExp(`; it is run ${runId} \\(FLOW_RUN_EXISTS\\)\n$`));
  });

  it("show the newest entries of a history, and how many are older", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    await engine.client.send(runId, { type: "Paid", data: {} });
    await engine.client.waitFinal(runId, 10_000);
    const { stdout } = await sluice(["runs", "show", runId, "--limit", "1", "--url", url]);
    assert.match(stdout, /^3 older entries; --limit 4 shows them too\n# .*\n4 .* shipped\n$/m);
    assert.doesNotMatch(stdout, /PackParcel/);
    const json = await sluice(["runs", "show", runId, "--limit", "2", "--json", "--url", url]);
    const { history } = JSON.parse(json.stdout) as { history: readonly { version: number }[] };
    assert.deepEqual(
      history.map(({ version }) => version),
      [3, 4],
    );
  });

  it("say why a command failed although the flow goes on without it", async (t) => {
    const pack = async () => {
      throw Object.assign(new Error("no box fits"), { code: "NO_BOX", kind: "invalid" });
    };
    const { states } = parcel;
    const paid = { send: { PackParcel: "data" }, on: { ParcelPacked: "packed", commandFailed: "canceled" } };
    const tolerant = { ...parcel, states: { ...states, paid } } as unknown as FlowDefinition;
    const { url, engine } = await startMemoryServer(t, { pack, flows: [tolerant] });
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    await engine.client.send(runId, { type: "Paid", data: {} });
    await engine.client.waitFinal(runId, 10_000);
    const { stdout } = await sluice(["runs", "show", runId, "--url", url]);
    assert.match(stdout, /^3 .* event commandFailed of PackParcel NO_BOX: no box fits +canceled$/m);
  });

  it("tell what stands still wherever somebody looks", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    const run = async (...args: string[]) =>
      (await sluice(args, { env: { SLUICE_URL: url, USER: "anna" } })).stdout;
    assert.match(await run("flows"), /^parcel +1 +5 +\d+ +0 +- /m);
    await run("pause", "parcel", "--command", "PackParcel", "--reason", "no boxes");
    await run("pause", "parcel", "--state", "packed");
    await run("send", runId, "Paid");
    assert.match(await run("flows"), /^parcel .* command PackParcel, state packed +A parcel/m);
    const why = /^stands still +command PackParcel of parcel, paused by anna at \d{4}-\S+: no boxes$/m;
    assert.match(await run("flows", "show", "parcel"), why);
    const shown = await run("runs", "show", runId);
    assert.match(shown, why);
    assert.doesNotMatch(shown, /state packed/);
    assert.match(shown, /^waits for +PackParcel \{"address":"Elm 1"\} to warehouse, attempt 1, kept back$/m);
    await run("resume", "parcel", "--command", "PackParcel");
    assert.doesNotMatch(await run("runs", "show", runId), /PackParcel of parcel/);
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
    assert.match(
      shown,
      /^parked at +\d{4}-\S+ by PackParcel \{"address":"Elm 1"\} to warehouse, attempt 1$/m,
    );
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
    assert.match((await flows("show", "parcel", "--flow-version", "1")).stdout, /^version +1$/m);
    assert.match((await flows("diagram", "parcel", "--flow-version", "1")).stdout, /title: "parcel v1"/);
    const other = await flows("diagram", "parcel", "--flow-version", "2");
    assert.match(other.stderr, /no version 2 of flow parcel, expected one of: 1 \(FLOW_UNKNOWN_FLOW\)/);
  });

  it("end with 1 when the server refuses, with its reason and code", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    await engine.client.send(runId, { type: "Canceled", data: {} });
    for (const [args, code, exitCode] of [
      [["start", "nothing"], "FLOW_UNKNOWN_FLOW", 2],
      [["runs", "show", UNKNOWN], "FLOW_UNKNOWN_RUN", 1],
      [["runs", "watch", UNKNOWN], "FLOW_UNKNOWN_RUN", 1],
      [["runs", "watch", "--flow", "nothing"], "FLOW_UNKNOWN_FLOW", 2],
      [["send", UNKNOWN, "Paid"], "FLOW_UNKNOWN_RUN", 1],
      [["send", runId, "Paid"], "FLOW_RUN_FINAL", 1],
      [["flows", "show", "nothing"], "FLOW_UNKNOWN_FLOW", 2],
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
        [2, "end"],
      ],
    );
    assert.deepEqual(entries.at(-1), {
      kind: "end",
      runId,
      state: "canceled",
      outcome: "canceled",
      version: 2,
    });
    const again = await sluice(["runs", "watch", runId, "--json", "--url", url]);
    assert.equal(again.stdout, stdout);
  });

  it("says that its key has ended while it watched", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const { runId } = await engine.client.start("parcel", { data: { address: "Elm 1" } });
    const keys = manageKeys(engine.store, randomUUID);
    const { row, key } = await keys.create({ name: "watcher", scopes: ["read"], endsInMs: null }, "test");
    const { cli, written } = createTerminal({ env: { SLUICE_API_KEY: key } });
    const watching = runCli(["runs", "watch", runId, "--url", url], cli);
    await until("the first entry", () => written.stdout.includes("started"));
    await keys.revoke(row.keyId, "test");
    assert.equal(await watching, EXIT.failed);
    assert.match(
      written.stderr,
      /the key of SLUICE_API_KEY is none that is valid.* \(FLOW_UNAUTHENTICATED\)/,
    );
    assert.equal(written.stdout.split("\n").length, 2);
  });

  it("follows the runs of a flow until Ctrl-C", async (t) => {
    const { url, engine } = await startMemoryServer(t);
    const ctrlC = new AbortController();
    const { cli, written } = createTerminal({ signal: ctrlC.signal });
    const watching = runCli(["runs", "watch", "--flow", "parcel", "--url", url], cli);
    const { runId } = await engine.client.start("parcel", { key: "p-1", data: { address: "Elm 1" } });
    await until("the start", () => /p-1 +ordered\n/.test(written.stdout));
    await engine.client.send(runId, { type: "Canceled", data: {} });
    await until("the end", () => /p-1 +canceled \(ended: canceled\)\n/.test(written.stdout));
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
