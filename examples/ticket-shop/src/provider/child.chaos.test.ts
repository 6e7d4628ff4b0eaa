import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { SILENT_LOG } from "@sluice/host/log";
import { until } from "../fixtures/until.ts";
import { findFreePort } from "../free-port.ts";
import { ProviderChild } from "./child.ts";

const CHILD_OWNER = fileURLToPath(new URL("../fixtures/child-owner.ts", import.meta.url));

describe("the provider as a child process", () => {
  it("is started again when it is killed, at the same address and with all it has booked", async (t) => {
    const child = new ProviderChild({ port: await findFreePort(), ...(await place(t)) });
    t.after(() => child.stop());
    await child.start();
    const { pid } = child;
    const first = await charge(child.url);
    process.kill(pid ?? assert.fail("no pid"), "SIGKILL");
    await until("another one runs", () => child.pid !== undefined && child.pid !== pid);
    assert.deepEqual(await charge(child.url), first);
  });

  it("is gone once it was stopped", async (t) => {
    const child = new ProviderChild({ port: await findFreePort(), ...(await place(t)) });
    await child.start();
    const { pid } = child;
    await child.stop();
    assert.equal(child.pid, undefined);
    assert.ok(!isAlive(pid ?? assert.fail("no pid")));
  });

  it("says why it cannot be started, and comes up by itself when it can", async (t) => {
    const { ledger, ...rest } = await place(t);
    await writeFile(ledger, "no ledger, and no folder either");
    const child = new ProviderChild({
      port: await findFreePort(),
      ...rest,
      ledger: join(ledger, "ledger"),
    });
    t.after(() => child.stop());
    assert.match(String(child.health()), /has not been started/);
    await assert.rejects(child.start(), { code: "SHOP_PROVIDER_UNAVAILABLE" });
    assert.match(String(child.health()), /did not start|is being started/);
    await rm(ledger);
    await until("it listens", () => child.health() === true, 30_000);
    await charge(child.url);
  });

  it("is given up at once while it is being started", async (t) => {
    const child = new ProviderChild({ port: await findFreePort(), ...(await place(t)) });
    const starting = assert.rejects(child.start(), { code: "SHOP_PROVIDER_UNAVAILABLE" });
    await child.stop();
    await starting;
    assert.equal(child.pid, undefined);
  });

  it("refuses wrong options before it is started", async (t) => {
    const options = { port: await findFreePort(), ...(await place(t)) };
    const env = { SLUICE_PROVIDER_LOST_RATE: "2" };
    assert.throws(() => new ProviderChild({ ...options, env }), {
      code: "HOST_BAD_OPTION",
      message: /lostRate is "2" \(from SLUICE_PROVIDER_LOST_RATE\)/,
    });
  });

  it("ends by itself when the process that started it is killed", async (t) => {
    const { ledger } = await place(t);
    const owner = spawn(process.execPath, [CHILD_OWNER, String(await findFreePort()), ledger], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => owner.kill("SIGKILL"));
    const [line] = (await once(createInterface(owner.stdout), "line")) as [string];
    const pid = Number(line);
    assert.ok(isAlive(pid));
    owner.kill("SIGKILL");
    await until("the provider is gone", () => !isAlive(pid));
  });
});

async function place(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "ticket-shop-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return { ledger: join(folder, "ledger"), secret: "a secret", env: {}, log: SILENT_LOG };
}

async function charge(url: string): Promise<unknown> {
  const order = {
    orderId: "order-1",
    amountMinor: 100,
    currency: "EUR",
    callbackUrl: "http://127.0.0.1:1/nobody",
  };
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/charges`, { method: "POST", headers, body: JSON.stringify(order) });
  assert.equal(response.status, 200);
  return response.json();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
