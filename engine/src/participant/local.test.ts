import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { engineError } from "../core/errors.ts";
import { local } from "./local.ts";
import type { LocalHandlers, LocalOptions } from "./local.ts";
import type { AnyTypes } from "./participant-types.ts";

const COMMAND: CommandMessage = {
  commandId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57:1:0",
  type: "RefundPayment",
  runId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57",
  flow: "purchase",
  flowVersion: 1,
  attempt: 1,
  data: {},
};

async function settle(handlers: LocalHandlers<AnyTypes>, options?: LocalOptions, signal?: AbortSignal) {
  const transport = local("payments", handlers, options);
  const [settlement] = await transport.send([COMMAND], signal ?? new AbortController().signal);
  return settlement;
}

async function failure(handlers: LocalHandlers<AnyTypes>, options?: LocalOptions) {
  const settlement = await settle(handlers, options);
  return settlement?.type === "failed" ? settlement.error : assert.fail("expected a failed settlement");
}

test("a local handler's event settles its command, and nothing means later", async () => {
  const event = { type: "PaymentRefunded", data: { refundId: "r1" } };
  assert.deepEqual(await settle({ RefundPayment: async () => event }), { type: "answered", event });
  assert.deepEqual(await settle({ RefundPayment: async () => null }), { type: "delivered" });
});

test("a coded error of a local handler keeps its code, kind and pause; any other is a failed handler", async () => {
  const coded = await failure({
    RefundPayment: async () => {
      throw engineError("FLOW_COMMAND_OVERLOADED", "too many", { retryAfterMs: 70 });
    },
  });
  assert.deepEqual(
    [coded.code, coded.kind, coded.retryAfterMs],
    ["FLOW_COMMAND_OVERLOADED", "overloaded", 70],
  );
  const plain = await failure({
    RefundPayment: () => {
      throw new TypeError("x is not a function");
    },
  });
  assert.deepEqual([plain.code, plain.kind], ["FLOW_HANDLER_FAILED", "unavailable"]);
  // Postgres' errors have a code too, but no kind: they are nothing we know.
  const foreign = await failure({
    RefundPayment: async () => {
      throw Object.assign(new Error("deadlock detected"), { code: "40P01" });
    },
  });
  assert.equal(foreign.code, "FLOW_HANDLER_FAILED");
});

test("a command without a local handler is refused and names those there are", async () => {
  const error = await failure({ CheckPayment: async () => null, toString: async () => null });
  assert.deepEqual([error.code, error.kind], ["FLOW_COMMAND_REFUSED", "invalid"]);
  assert.match(error.message, /RefundPayment, expected one of: CheckPayment, toString/);
});

test("a local handler that hangs is given up after handleMs and told so", async () => {
  let due = (): void => {};
  let waitedMs = 0;
  const told = Promise.withResolvers<unknown>();
  const settled = settle(
    {
      RefundPayment: (_command, signal) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            told.resolve(signal.reason);
            reject(new Error("stopped late"));
          }),
        ),
    },
    {
      handleMs: 1_234,
      schedule: (delayMs, callback) => {
        waitedMs = delayMs;
        due = callback;
        return () => {};
      },
    },
  );
  await new Promise(setImmediate);
  due();
  const settlement = await settled;
  assert.equal(waitedMs, 1_234);
  assert.ok(settlement?.type === "failed");
  assert.deepEqual([settlement.error.code, settlement.error.kind], ["FLOW_COMMAND_TIMEOUT", "timeout"]);
  assert.equal((await told.promise) instanceof Error, true);
});

test("a local handler leaves no timer and no listener behind", async () => {
  const armed = new Set<() => void>();
  const abort = new AbortController();
  let listeners = 0;
  const { signal } = abort;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  const schedule: LocalOptions["schedule"] = (_delayMs, callback) => {
    armed.add(callback);
    return () => armed.delete(callback);
  };
  await settle({ RefundPayment: async () => null }, { schedule }, signal);
  assert.equal(armed.size, 0);
  assert.equal(listeners, 0);
});

test("a local participant refuses bounds it cannot keep", () => {
  for (const options of [{ handleMs: 0 }, { handleMs: 1.5 }, { concurrencyMax: 0 }, { concurrencyMax: 1e9 }])
    assert.throws(() => local("payments", {}, options), { code: "FLOW_BAD_OPTION" });
});
