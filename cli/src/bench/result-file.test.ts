import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeResult } from "./fixtures/results.ts";
import { ENGINE_FORM, parseResult, readResult } from "./result-file.ts";

describe("a former result", () => {
  it("is read as it was printed", () => {
    const result = makeResult();
    assert.deepEqual(parseResult(JSON.stringify(result), "before.json", ENGINE_FORM), result);
  });

  it("is refused, with what it is instead, when it is none", async () => {
    for (const [text, expected] of [
      [
        "",
        /before\.json, which is no JSON \(.*expected a file that `sluice bench engine --json` has printed/,
      ],
      ["{", /which is no JSON/],
      ["null", /which is no result of a benchmark/],
      ["[1]", /which is no result of a benchmark/],
      ['{"rows":[]}', /which is no result of a benchmark/],
      [JSON.stringify({ ...makeResult(), kind: "sluice-proof" }), /which is no result of a benchmark/],
      [JSON.stringify({ ...makeResult(), rows: null }), /which is no whole result/],
      [JSON.stringify({ ...makeResult(), format: 99 }), /format 99, expected format 1/],
    ] as const)
      assert.throws(
        () => parseResult(text, "before.json", ENGINE_FORM),
        (error: Error & { code?: string }) =>
          error.code === "CLI_BAD_ARGUMENT" && expected.test(error.message),
        text,
      );
    await assert.rejects(
      readResult("nowhere.json", import.meta.dirname, ENGINE_FORM),
      /nowhere\.json, which cannot be read/,
    );
  });
});
