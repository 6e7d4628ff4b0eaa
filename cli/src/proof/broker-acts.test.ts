import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { describe, it } from "node:test";
import { EXIT } from "../exit-codes.ts";
import { sluice } from "../fixtures/terminal.ts";
import { resolveProofOptions } from "./options.ts";
import type { ProofOptions } from "./options.ts";
import type { ProofResult } from "./proof-result.ts";

function namesOf(options: ProofOptions): readonly string[] {
  return resolveProofOptions(options).acts.map(({ name }) => name);
}

describe("acts around a broker", () => {
  it("are played when they are named, around each broker or around the one that is named", () => {
    assert.deepEqual(namesOf({ acts: ["distributed"] }), ["distributed-kafka", "distributed-rabbitmq"]);
    assert.deepEqual(namesOf({ acts: ["distributed", "storm"], transport: "rabbitmq" }), [
      "distributed-rabbitmq",
      "storm",
    ]);
    assert.deepEqual(namesOf({ acts: ["rolling-restart-kafka"] }), ["rolling-restart-kafka"]);
    assert.ok(namesOf({}).every((name) => !/kafka|rabbitmq/.test(name)));
    assert.equal(resolveProofOptions({}).outageMs, 60_000);
  });

  it("say in one line why they are skipped where the broker cannot be had, and prove nothing there", async (t) => {
    const nothing = await mkdtemp(join(tmpdir(), "sluice-nothing-"));
    t.after(() => rm(nothing, { recursive: true, force: true }));
    const { exitCode, stdout } = await sluice(["proof", "distributed", "--transport", "kafka", "--json"], {
      env: { PATH: env["PATH"], SLUICE_STACK_CACHE_DIRECTORY: nothing },
    });
    const { acts, isProved, breaches } = JSON.parse(stdout) as ProofResult;
    assert.deepEqual([exitCode, isProved, breaches], [EXIT.unreachable, false, []]);
    assert.equal(acts.length, 1);
    assert.match(String(acts[0]?.skipped), /^kafka: [^\n]+; [^\n]+$/);
  });
});
