import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTerminal } from "./fixtures/terminal.ts";
import { until } from "./fixtures/until.ts";
import { withProgress } from "./progress.ts";

describe("progress", () => {
  it("shows on a terminal what takes long, and is gone at the end", async () => {
    const { cli, written } = createTerminal({ isTTY: true });
    const answer = await withProgress(cli, "auditing", async () => {
      await until("a sign of life", () => written.stderr.includes("auditing … "));
      return 7;
    });
    assert.equal(answer, 7);
    assert.ok(written.stderr.endsWith("\r\u001b[K"));
  });

  it("says nothing where nobody looks, and nothing of what is quick", async () => {
    const pipe = createTerminal();
    await withProgress(pipe.cli, "auditing", async () => 7);
    const terminal = createTerminal({ isTTY: true });
    await withProgress(terminal.cli, "auditing", async () => 7);
    assert.deepEqual([pipe.written.stderr, terminal.written.stderr], ["", ""]);
  });
});
