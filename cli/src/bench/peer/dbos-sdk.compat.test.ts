import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DBOS } from "@dbos-inc/dbos-sdk";
import type { DbosSdk } from "./dbos-sdk.compat.ts";
import { loadDbos, requireDbos } from "./dbos-sdk.compat.ts";

/** The compiler compares what we use with what the package declares. */
const isAsDeclared = (declared: typeof DBOS): DbosSdk["DBOS"] => declared;

describe("the package of DBOS", () => {
  it("has what the benchmark uses of it", async () => {
    requireDbos();
    const { DBOS: found } = await loadDbos();
    assert.equal(typeof isAsDeclared, "function");
    for (const name of [
      "setConfig",
      "registerWorkflow",
      "runStep",
      "startWorkflow",
      "launch",
      "shutdown",
    ] as const)
      assert.equal(typeof found[name], "function", name);
  });

  it("is asked for in words where it is not installed", () => {
    assert.throws(
      () => requireDbos("@dbos-inc/not-installed"),
      (error: Error & { code?: string }) =>
        error.code === "CLI_BAD_ARGUMENT" &&
        /is not installed; it is a development dependency/.test(error.message),
    );
  });
});
