import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTerminal, sluice } from "../../fixtures/terminal.ts";
import { makeResult, makeRow } from "../fixtures/results.ts";
import { parseResult } from "../result-file.ts";
import { checkTransportsFlags } from "./flags.ts";
import { judgeTransportGoals } from "./goals.ts";
import { transportsText } from "./report.ts";
import { TRANSPORTS_FORM, TRANSPORTS_KIND } from "./result.ts";
import type { TransportsResult } from "./result.ts";

const LOCAL = makeRow({ flow: 3, participants: "local", subjectCpuPer1000: 0.1 });
const KAFKA = makeRow({
  flow: 3,
  participants: "kafka",
  runsPerSecond: 1_500,
  transitionsPerSecond: 6_000,
  subjectCpuPer1000: 0.14,
  brokerCpuPer1000: 0.02,
  participantsCpuPer1000: 0.1,
});

function makeTransports(result: Partial<TransportsResult> = {}): TransportsResult {
  const rows = [LOCAL, KAFKA];
  const client = { broker: "kafka", version: "4.1.0", producedPerSecond: 100_000 } as const;
  return {
    ...makeResult({ rows, goals: judgeTransportGoals(rows) }),
    kind: TRANSPORTS_KIND,
    clients: [{ ...client, consumedPerSecond: 100_000, throughPerSecond: 50_000 }],
    ...result,
  };
}

describe("sluice bench transports", () => {
  it("refuses what cannot be meant, before anything is started", async () => {
    for (const [args, expected] of [
      [["--transports", "pigeon"], /Expected local, http, kafka, rabbitmq/],
      [["--in-flight", "0"], /from 1 to 100000/],
      [["--seconds", "0"], /from 1 to 3600/],
      [["--compare", "nowhere.json"], /cannot be read/],
    ] as const) {
      const { exitCode, stdout, stderr } = await sluice(["bench", "transports", ...args]);
      assert.equal(exitCode, 2, args.join(" "));
      assert.equal(stdout, "", args.join(" "));
      assert.match(stderr, expected, args.join(" "));
    }
  });

  it("profiles one case, whose processes it can see", () => {
    checkTransportsFlags({ profile: true, transports: ["kafka"] }, "linux");
    assert.throws(() => checkTransportsFlags({ profile: true }, "linux"), /name one of --transports/);
    const two = { profile: true, transports: ["kafka"], inFlight: [1, 2] } as const;
    assert.throws(() => checkTransportsFlags(two, "linux"), /one value for --in-flight/);
    assert.throws(() => checkTransportsFlags({ ...two, inFlight: [1] }, "darwin"), /on Linux/);
  });

  it("reads its own results and no others", () => {
    const result = makeTransports();
    assert.deepEqual(parseResult(JSON.stringify(result), "before.json", TRANSPORTS_FORM), result);
    for (const [other, expected] of [
      [makeResult(), /no result of a benchmark, expected a file that `sluice bench transports --json`/],
      [{ ...result, rows: [{ ...LOCAL, p50Ms: "fast" }] }, /no whole result/],
    ] as const)
      assert.throws(() => parseResult(JSON.stringify(other), "before.json", TRANSPORTS_FORM), expected);
  });

  it("prints what each process takes, and the share of what the client alone can do", () => {
    const printed = transportsText(createTerminal().cli, makeTransports());
    assert.match(printed, /^kafka +1,000 +1,500 +6,000 +18 % +400 +500 +0\.14 +0\.05 +0\.02 +0\.1 /m);
    assert.match(printed, /0\.84 0\.30 0\.12 0\.60/);
    assert.match(printed, /^kafka 4\.1\.0 +100,000 +100,000 +50,000$/m);
  });

  it("judges Kafka by its fastest case, naming who held the machine", () => {
    const [speed] = judgeTransportGoals([LOCAL, KAFKA]);
    assert.equal(speed?.isMet, false);
    assert.match(
      speed.found ?? "",
      /^1,500 at 1,000 in flight; cores held: engine 0\.84, participants 0\.6, Postgres 0\.3, broker 0\.12$/,
    );
    const fast = { ...KAFKA, inFlight: 2_000, runsPerSecond: 3_000 };
    assert.equal(judgeTransportGoals([LOCAL, KAFKA, fast])[0]?.isMet, true);
  });

  it("judges the engine's CPU beside the engine alone under the same load, or not at all", () => {
    const ofKafka = (rows: Parameters<typeof judgeTransportGoals>[0]) =>
      judgeTransportGoals(rows).find(({ goal }) => goal.includes("over kafka"));
    assert.equal(ofKafka([LOCAL, KAFKA])?.isMet, true);
    assert.equal(ofKafka([LOCAL, { ...KAFKA, subjectCpuPer1000: 0.16 }])?.isMet, false);
    assert.equal(ofKafka([{ ...LOCAL, inFlight: 1 }, KAFKA])?.isMet, null);
  });
});
