import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import type { Env } from "@sluice/host/options";
import type { Cli } from "./cli.ts";
import { withConfigFile } from "./config-file.ts";

async function cliWith(t: TestContext, text: string, env: Env = {}): Promise<Cli> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-config-"));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "sluice.yaml"), text);
  return { directory, env } as Cli;
}

describe("a configuration file", () => {
  it("gives variables their values where the environment has none", async (t) => {
    const text = "http: { port: 8080, bodyBytesMax: 1000 }\nlogLevel: warn\nenv: { KAFKA_BROKERS: 'a:1' }\n";
    const cli = await cliWith(t, text, { SLUICE_HTTP_PORT: "9090", SLUICE_LOG_LEVEL: "", OTHER: "kept" });
    assert.deepEqual((await withConfigFile(cli, "sluice.yaml")).env, {
      SLUICE_HTTP_PORT: "9090",
      SLUICE_HTTP_BODY_BYTES_MAX: "1000",
      SLUICE_LOG_LEVEL: "warn",
      KAFKA_BROKERS: "a:1",
      OTHER: "kept",
    });
  });

  it("is found by SLUICE_CONFIG, and is not looked for otherwise", async (t) => {
    const cli = await cliWith(t, '{"engine": {"leaseMs": "3s"}}', { SLUICE_CONFIG: "sluice.yaml" });
    assert.equal((await withConfigFile(cli, undefined)).env["SLUICE_ENGINE_LEASE_MS"], "3s");
    const without = { ...cli, env: {} };
    assert.equal(await withConfigFile(without, undefined), without);
  });

  it("is refused with every fault and no value of it", async (t) => {
    const cli = await cliWith(t, "http: { port: [s3cret] }\ndatabase: { url: { s3cret: 1 } }\n");
    await assert.rejects(withConfigFile(cli, "sluice.yaml"), (error: Error & { code?: string }) => {
      assert.equal(error.code, "CLI_BAD_CONFIG");
      assert.match(error.message, /http\.port is a list.*\n.*database\.url is a section/);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
    for (const [name, text] of [
      ["sluice.yaml", "- a"],
      ["nowhere.yaml", ""],
    ] as const)
      await assert.rejects(withConfigFile(await cliWith(t, text), name), { code: "CLI_BAD_CONFIG" });
  });
});
