import assert from "node:assert/strict";
import { chmod, mkdir, readFile, rename, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";
import { PARCELS, startUp, urlOf } from "../fixtures/up-process.ts";

const RUNS = 20;

describe("sluice up, killed and started again", () => {
  it("ends every run that was under way when it was killed, and adopts the database that was left", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const args = ["--data-dir", dataDirectory];
    const killed = startUp(t, { args, env: { PARCELS_SHIP_MS: "60000" } });
    await payForParcels(urlOf(await killed.ready()));
    killed.signal("SIGKILL");
    assert.equal(await killed.ended, "SIGKILL");
    const postgresPid = await readPostgresPid(dataDirectory);
    assert.notEqual(postgresPid, 0);

    const again = startUp(t, { args });
    const againUrl = urlOf(await again.ready());
    assert.equal(await readPostgresPid(dataDirectory), postgresPid);
    await untilShipped(againUrl);
    await assertClean(dataDirectory);
    again.signal("SIGINT");
    assert.equal(await again.ended, 0, again.output.stdout);
    assert.equal(await readPostgresPid(dataDirectory), 0);
  });

  it("ends every run when it and the database are killed together", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const args = ["--data-dir", dataDirectory];
    const killed = startUp(t, { args, env: { PARCELS_SHIP_MS: "60000" } });
    await payForParcels(urlOf(await killed.ready()));
    killed.signal("SIGKILL");
    process.kill(await readPostgresPid(dataDirectory), "SIGKILL");
    await killed.ended;

    const again = startUp(t, { args });
    await untilShipped(urlOf(await again.ready()));
    await assertClean(dataDirectory);
  });

  it("goes on by itself when its database is killed, and ends when that cannot be started again", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const env = { SLUICE_DATABASE_RESTARTS_MAX: "0", SLUICE_STOP_MS: "500" };
    const up = startUp(t, { args: ["--data-dir", dataDirectory], env });
    const url = urlOf(await up.ready());
    const firstPid = await readPostgresPid(dataDirectory);
    process.kill(firstPid, "SIGKILL");
    await until("another server", async () => ![0, firstPid].includes(await readPostgresPid(dataDirectory)));
    await until("readiness", async () => (await fetch(`${url}/readyz`)).ok);
    await post(`${url}/v1/flows/parcel/runs`, { key: "p-1", data: { address: "Elm 1" } });

    const cluster = join(dataDirectory, "postgres");
    const pid = await readPostgresPid(dataDirectory);
    await rename(cluster, `${cluster}-elsewhere`);
    process.kill(pid, "SIGKILL");
    assert.equal(await up.ended, 3, up.output.stdout);
    assert.equal(JSON.parse(up.output.stderr).error.code, "HOST_DATABASE_START_FAILED");
  });

  it("leaves nothing running when Ctrl-C comes while it starts", async (t) => {
    const dataDirectory = testDataDirectory(t);
    const up = startUp(t, { args: ["--data-dir", dataDirectory] });
    await until(
      "the first line of the log",
      () => up.output.stdout.includes("starting the database"),
      20_000,
    );
    up.signal("SIGINT");
    assert.equal(await up.ended, 0, up.output.stdout);
    assert.equal(await readPostgresPid(dataDirectory), 0);
    assert.doesNotMatch(up.output.stdout, /"msg":"ready"/);
  });
});

describe("sluice up, where it cannot start", () => {
  it("names the process that holds the data directory", async (t) => {
    const args = ["--data-dir", testDataDirectory(t)];
    const first = startUp(t, { args });
    const url = urlOf(await first.ready());
    const second = startUp(t, { args, isJson: false });
    assert.equal(await second.ended, 1);
    assert.match(
      second.output.stderr,
      new RegExp(`^sluice: .*${first.pid}.*\\(HOST_DATA_DIRECTORY_IN_USE\\)\n$`),
    );
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
  });

  it("names the process that holds the port before it makes anything", async (t) => {
    const holder = createServer();
    t.after(() => holder.close());
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const port = String((holder.address() as AddressInfo).port);
    const dataDirectory = testDataDirectory(t);
    const up = startUp(t, { args: ["--data-dir", dataDirectory, "--port", port], isJson: false });
    assert.equal(await up.ended, 1);
    assert.match(
      up.output.stderr,
      new RegExp(`^sluice: .*port ${port} .* process ${process.pid} .*--port.*\\(HOST_PORT_TAKEN\\)\n$`),
    );
    await assert.rejects(stat(dataDirectory), { code: "ENOENT" });
    const other = startUp(t, { args: ["--data-dir", dataDirectory] });
    await other.ready();
  });

  it("says that a data directory cannot be written, and what to do", async (t) => {
    const args = ["--data-dir", await readOnlyFolder(testDataDirectory(t))];
    const up = startUp(t, { args, isJson: false });
    assert.equal(await up.ended, 2);
    assert.match(
      up.output.stderr,
      /^sluice: the data directory .* cannot be written.*--data-dir.*\(HOST_DATA_DIRECTORY_UNUSABLE\)\n$/,
    );
  });
});

/** A folder that this user cannot write: for root only those of the kernel are. */
async function readOnlyFolder(folder: string): Promise<string> {
  if (process.getuid?.() === 0) return "/sys/sluice";
  await mkdir(folder);
  await chmod(folder, 0o500);
  return folder;
}

/** Runs whose last command is under way. */
async function payForParcels(url: string): Promise<void> {
  for (let n = 0; n < RUNS; n++) {
    const { runId } = await post(`${url}/v1/flows/parcel/runs`, {
      key: `p-${n}`,
      data: { address: "Elm 1" },
    });
    await post(`${url}/v1/runs/${runId}/events`, { type: "Paid", data: {} });
  }
}

async function post(url: string, body: unknown): Promise<{ runId: string }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, await response.clone().text());
  return (await response.json()) as { runId: string };
}

async function untilShipped(url: string): Promise<void> {
  await until(
    "every run to be shipped",
    async () => {
      const { stdout } = await sluice([
        "runs",
        "list",
        "--outcome",
        "shipped",
        "--limit",
        "200",
        "--json",
        "--url",
        url,
      ]);
      return stdout !== "" && JSON.parse(stdout).items.length === RUNS;
    },
    20_000,
  );
}

async function assertClean(dataDirectory: string): Promise<void> {
  const audit = await sluice(["audit", "--data-dir", dataDirectory, "--app", PARCELS, "--json"]);
  assert.equal(audit.exitCode, 0, audit.stdout + audit.stderr);
  assert.equal(JSON.parse(audit.stdout).runs, RUNS);
}

/** 0 when no server has written its file, or it has taken it away again. */
async function readPostgresPid(dataDirectory: string): Promise<number> {
  const text = await readFile(join(dataDirectory, "postgres", "postmaster.pid"), "utf8").catch(() => "");
  return Number(text.split("\n", 1)[0]);
}
