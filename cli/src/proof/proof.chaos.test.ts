import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { env } from "node:process";
import { test } from "node:test";
import { createTerminal, sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";
import { runCli } from "../program.ts";
import { SEED_MAX } from "./options.ts";
import type { ProofResult } from "./proof-result.ts";
import { FAULT_KINDS } from "./storm/faults/kinds.ts";

/** `SLUICE_PROOF_SEED` repeats an earlier trial, as far as the machine allows. */
const SEED = env["SLUICE_PROOF_SEED"] ?? String(randomInt(SEED_MAX));

/** Postgres, engines and participants start, on a machine that does other things as well. */
const START_MS_MAX = 120_000;

test("every promise is kept in a storm with a fault of each kind", async (t) => {
  t.diagnostic(`SLUICE_PROOF_SEED=${SEED}`);
  const args = ["proof", "--acts", "storm", "--faults", "1", "--seed", SEED, "--json"];
  const { exitCode, stdout, stderr } = await sluice(args, { env: { PATH: env["PATH"] } });
  const result = JSON.parse(stdout) as ProofResult;
  assert.equal(exitCode, 0, stdout + stderr);
  assert.equal(result.isProved, true);
  const [storm] = result.acts;
  assert.ok(storm !== undefined && result.acts.length === 1);
  t.diagnostic(
    JSON.stringify({ tookMs: Math.round(result.tookMs), ...storm.counts, takeover: storm.takeoverMs }),
  );
  // What cannot be had on this machine is said, and nothing else is left out.
  assert.equal(storm.faults.length + storm.skipped.length, FAULT_KINDS.length);
  for (const { kind, times } of storm.faults) assert.ok(times >= 1, `${kind} did not come`);
  for (const name of ["acknowledged", "runs", "effects", "undos"])
    assert.ok((storm.counts[name] ?? 0) > 0, name);
  assert.equal(result.evidence, null);
  assert.match(stderr, /files in (\S+)/);
  assert.ok(!existsSync(/files in (\S+)/.exec(stderr)?.[1] ?? "."), "its folder is still there");
});

test("a proof that is interrupted ends in order and tells what it has seen", async (t) => {
  t.diagnostic(`SLUICE_PROOF_SEED=${SEED}`);
  const interruption = new AbortController();
  const { signal } = interruption;
  const { cli, written } = createTerminal({ env: { PATH: env["PATH"] }, signal });
  const ending = runCli(["proof", "--seed", SEED, "--json"], cli);
  const isStorming = () => FAULT_KINDS.some(({ name }) => written.stderr.includes(name));
  await Promise.race([until("the first fault", isStorming, START_MS_MAX), ending]);
  interruption.abort();
  const exitCode = await ending;
  const result = JSON.parse(written.stdout) as ProofResult;
  assert.deepEqual(
    [exitCode, result.isInterrupted, result.isProved, result.breaches],
    [130, true, false, []],
  );
});
