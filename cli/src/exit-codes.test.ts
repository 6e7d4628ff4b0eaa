import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CodedError } from "@sluice/contracts/problem";
import { cliError } from "./errors.ts";
import { EXIT, EXIT_MEANINGS, exitCodeOf, exitCodesHelp } from "./exit-codes.ts";

describe("exit codes", () => {
  it("tell usage, a server that is away and every other failure apart", () => {
    const codeOf = (kind: ConstructorParameters<typeof CodedError>[1]) =>
      exitCodeOf(new CodedError("X", kind, ""));
    assert.equal(codeOf("invalid"), EXIT.usage);
    assert.equal(codeOf("unavailable"), EXIT.unreachable);
    assert.equal(codeOf("overloaded"), EXIT.unreachable);
    assert.equal(codeOf("missing"), EXIT.failed);
    assert.equal(codeOf("conflict"), EXIT.failed);
    assert.equal(codeOf("bug"), EXIT.failed);
  });

  it("tell a flow that is not served from a run that is not there", () => {
    assert.equal(exitCodeOf(new CodedError("FLOW_UNKNOWN_FLOW", "missing", "")), EXIT.usage);
    assert.equal(exitCodeOf(new CodedError("FLOW_UNKNOWN_RUN", "missing", "")), EXIT.failed);
  });

  it("tell Ctrl-C from a failure", () => {
    assert.equal(exitCodeOf(cliError("CLI_INTERRUPTED", "interrupted")), EXIT.interrupted);
  });

  it("take an error without a kind for a failure", () => {
    assert.equal(exitCodeOf(new Error("unforeseen")), EXIT.failed);
    assert.equal(exitCodeOf(undefined), EXIT.failed);
  });

  it("stand in the help, all of them", () => {
    for (const [name, code] of Object.entries(EXIT)) {
      const meaning = EXIT_MEANINGS[name as keyof typeof EXIT];
      assert.match(exitCodesHelp(), new RegExp(`^ +${code} +${meaning}$`, "m"));
    }
  });
});
