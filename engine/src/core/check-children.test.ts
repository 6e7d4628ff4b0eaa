import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkChildren } from "./check-children.ts";
import type { StateDefinition } from "./flow.ts";

const insurance = (version: number, outcomes: readonly string[]) => ({
  name: "insurance",
  version,
  events: {},
  initial: "asked",
  states: Object.fromEntries([
    ["asked", {}],
    ...outcomes.map((outcome) => [`is-${outcome}`, { final: outcome }]),
  ]) as Record<string, StateDefinition>,
});

const order = (outcomes: Readonly<Record<string, string>>, on: Readonly<Record<string, string>> = {}) => ({
  name: "order",
  version: 1,
  events: { Insured: {}, Refused: {} },
  commands: { Insure: { flow: "insurance", outcomes }, Pack: { channel: "packing" } },
  initial: "insuring",
  states: { insuring: { send: { Insure: "data", Pack: "data" }, on }, done: { final: "insured" } },
});

function messagesOf(parent: object, flows: readonly object[], areAll = false): string[] {
  return checkChildren(parent, { flows, areAll }).map(
    ({ severity, code, path, message }) => `${severity} ${code} ${path}: ${message}`,
  );
}

describe("checkChildren", () => {
  it("finds nothing wrong where each outcome has its event, a canceled child's included", () => {
    const parent = order({ insured: "Insured", refused: "Refused", canceled: "Refused" });
    assert.deepEqual(messagesOf(parent, [insurance(1, ["insured", "refused"]), parent], true), []);
  });

  it("finds an outcome that the newest version of the child flow does not have", () => {
    const parent = order({ insurd: "Insured" }, { commandFailed: "done" });
    const flows = [insurance(2, ["insured"]), insurance(1, ["insurd"]), parent];
    assert.deepEqual(messagesOf(parent, flows), [
      'warning unknown-outcome /commands/Insure/outcomes/insurd: command Insure names the outcome "insurd", ' +
        'expected one of the outcomes of insurance 2: insured, canceled; did you mean "insured"?',
    ]);
  });

  it("finds an outcome that is not listed where a failed command would park the run", () => {
    const flows = [insurance(1, ["insured", "refused"])];
    assert.match(
      messagesOf(order({ insured: "Insured" }), flows).join(),
      /^warning unlisted-outcome \/commands\/Insure\/outcomes: .*does not list the outcome refused of insurance/,
    );
    assert.deepEqual(messagesOf(order({ insured: "Insured" }, { commandFailed: "done" }), flows), []);
  });

  it("finds a child flow that nobody serves, where all that are served are known", () => {
    const parent = order({ insured: "Insured" });
    assert.deepEqual(messagesOf(parent, [parent]), []);
    assert.match(
      messagesOf(parent, [parent], true).join(),
      /^warning unknown-flow \/commands\/Insure\/flow: command Insure starts flow "insurance", expected .* served: order/,
    );
  });

  it("takes any JSON as a flow, and as one beside it, without throwing", () => {
    for (const value of [
      null,
      1,
      [],
      { commands: { A: { flow: "b", outcomes: 3 } } },
      { name: "b", states: 1 },
    ])
      assert.ok(Array.isArray(checkChildren(value, { flows: [value, { name: "b" }], areAll: true })));
  });
});
