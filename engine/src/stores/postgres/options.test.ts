import assert from "node:assert/strict";
import { it } from "node:test";
import { resolvePostgresStoreOptions, writerPrefix } from "./options.ts";

const target = "postgres://localhost/sluice";

it("completes and freezes the options of a Postgres store", () => {
  const resolved = resolvePostgresStoreOptions({ target, engineId: "a" });
  assert.deepEqual(resolved, {
    target,
    engineId: "a",
    schema: "sluice",
    connectionsMax: 4,
    connectMs: 2_000,
    statementMs: 10_000,
    answerMs: 11_000,
  });
  assert.ok(Object.isFrozen(resolved));
});

it("refuses options of a Postgres store that cannot work", () => {
  const wrong = [
    { target: "nowhere" },
    { engineId: "" },
    { schema: "" },
    { schema: "ü".repeat(32) },
    { connectionsMax: 0 },
    { connectMs: 1.5 },
    { statementMs: Number.NaN },
  ];
  for (const options of wrong) {
    assert.throws(() => resolvePostgresStoreOptions({ target, engineId: "a", ...options }), {
      code: "FLOW_BAD_OPTION",
      message: /^postgres store: .+, expected /,
    });
  }
});

it("tells the writers of engines and schemas apart in a name that Postgres does not cut", () => {
  const prefixes = [
    writerPrefix("sluice", "a"),
    writerPrefix("sluice", "b"),
    writerPrefix("other", "a"),
    writerPrefix("s", "luicea"),
    writerPrefix("sluice", "x".repeat(500)),
  ];
  assert.equal(new Set(prefixes).size, prefixes.length);
  for (const prefix of prefixes) assert.ok(prefix.length <= 40 && prefix.endsWith("/"), prefix);
});
