import assert from "node:assert/strict";
import { env } from "node:process";
import { test } from "node:test";
import { createTerminal } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";
import { runCli } from "../program.ts";
import { SEED, playAct } from "./fixtures/play-act.ts";
import { SNAPSHOT_RUNS } from "./previous-schema/snapshot-runs.ts";
import type { ProofResult } from "./proof-result.ts";
import { FAULT_KINDS } from "./storm/faults/kinds.ts";

/** Postgres, engines and participants start, on a machine that does other things as well. */
const START_MS_MAX = 120_000;

/** Points of these acts are tried in an order that the seed decides, as many as the time allows. */
const POINTS_SECONDS = "25";

test("every promise is kept in a storm with a fault of each kind", async (t) => {
  const storm = await playAct(t, "storm", ["--faults", "1"]);
  // What cannot be had on this machine is said, and nothing else is left out.
  assert.equal(storm.faults.length + storm.skipped.length, FAULT_KINDS.length);
  for (const { kind, times } of storm.faults) assert.ok(times >= 1, `${kind} did not come`);
  for (const name of ["acknowledged", "runs", "effects", "undos"])
    assert.ok((storm.counts[name] ?? 0) > 0, name);
});

test("every promise is kept when the engine dies at points of its batch loop", async (t) => {
  const { counts, faults } = await playAct(t, "crash-points", ["--seconds", POINTS_SECONDS]);
  assert.ok((counts["points"] ?? 0) > 100, "a purchase passes more points than this");
  assert.ok(
    faults.some(({ times }) => times > 0),
    "the engine never died",
  );
});

test("every promise is kept when the connection to Postgres is cut at messages there and back", async (t) => {
  const { counts, faults } = await playAct(t, "connection-loss", ["--seconds", POINTS_SECONDS]);
  assert.ok((counts["points"] ?? 0) > 200, "a purchase passes more messages than this");
  assert.ok(
    faults.some(({ times }) => times > 0),
    "no connection was cut",
  );
});

test("every run in a database of a former schema comes to its end, and a former version refuses that database then", async (t) => {
  const { counts } = await playAct(t, "previous-schema", []);
  assert.equal(counts["runs"], SNAPSHOT_RUNS.length * (counts["schemas"] ?? 0));
  assert.ok((counts["runs"] ?? 0) > 0);
});

test("a proof that is interrupted ends in order and tells what it has seen", async (t) => {
  t.diagnostic(`SLUICE_PROOF_SEED=${SEED}`);
  const interruption = new AbortController();
  const { signal } = interruption;
  const { cli, written } = createTerminal({ env: { PATH: env["PATH"] }, signal });
  const ending = runCli(["proof", "--acts", "storm", "--seed", SEED, "--json"], cli);
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
