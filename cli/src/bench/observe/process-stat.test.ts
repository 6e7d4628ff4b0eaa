import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { until } from "../../fixtures/until.ts";
import { familyCpuSeconds, parseStat, readFamily, readStat } from "./process-stat.ts";

const ELSEWHERE = process.platform === "linux" ? false : "only Linux has /proc";

describe("the CPU time of other processes", () => {
  it("is read behind the name, whatever that holds", () => {
    const line = "77 (post) gres (x)) S 12 77 77 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 9 10 11";
    assert.deepEqual(parseStat(77, line), {
      pid: 77,
      parentPid: 12,
      cpuSeconds: 2,
      endedChildrenSeconds: 0.5,
    });
  });

  it("counts children, those that have ended as well", { skip: ELSEWHERE }, async (t) => {
    // A shell that waits for one busy child after another, and then for us.
    const busy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
    const child = spawn("sh", ["-c", `( ${busy} ); ( ${busy} ); echo done; read line`], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.after(async () => {
      child.stdin.end();
      await once(child, "exit");
    });
    await once(child.stdout, "data");
    const pid = child.pid ?? 0;
    const seconds = await until("the time of the ended children", () => familyCpuSeconds(pid));
    assert.ok(seconds >= 0.02, String(seconds));
    assert.equal(
      readFamily(process.pid).some((stat) => stat.pid === pid),
      true,
    );
  });

  it("is unknown of a process that is gone", () => {
    assert.equal(familyCpuSeconds(null), null);
    assert.equal(readStat(2 ** 30), null);
    assert.equal(familyCpuSeconds(2 ** 30), null);
  });
});
