import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveDatabaseOptions } from "./options.ts";

describe("the URL of the database", () => {
  it("is refused with what is wrong with it and never shown, when no driver could read it", () => {
    const cases = [
      ["postgres://u:%zzgeheim@h/x", "percent-encoded"],
      ["postgres:/u:geheim@h/x", "begins with postgres://"],
      ["mysql://u:geheim@h/x", "begins with postgres://"],
    ] as const;
    for (const [databaseUrl, expected] of cases)
      for (const [flags, env] of [
        [{ databaseUrl }, {}],
        [{}, { SLUICE_DATABASE_URL: databaseUrl }],
      ] as const)
        assert.throws(
          () => resolveDatabaseOptions(flags, env, "/tmp"),
          (error: Error) =>
            error.message.includes(expected) &&
            error.message.includes("set --database-url or the variable SLUICE_DATABASE_URL") &&
            !error.message.includes("geheim"),
        );
  });
});
