import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { SILENT_LOG } from "@sluice/host/log";
import { fractionOf } from "../chance.ts";
import { startCallbackReceiver } from "../fixtures/callback-receiver.ts";
import { until } from "../fixtures/until.ts";
import { DEFAULT_BEHAVIOR } from "./behavior.ts";
import type { BehaviorChange } from "./behavior.ts";
import { isSignedBy } from "./callback.ts";
import { Callbacks } from "./callbacks.ts";
import { Ledger } from "./ledger.ts";
import { Provider } from "./provider.ts";

const SECRET = "a secret";
const UNKNOWN_MS = 60_000;

describe("the payment provider", () => {
  it("charges an order once, however often it is asked", async (t) => {
    const { provider, ledger, receiver } = await open(t);
    const charges = Array.from({ length: 5 }, () => provider.charge(order("a", receiver.url)));
    assert.equal(new Set(charges.map(({ chargeId }) => chargeId)).size, 1);
    assert.deepEqual(kindsOf(ledger), ["charged"]);
    await until("the callback has come", () => receiver.received.length > 0);
    assert.deepEqual(receiver.received[0]?.callback, {
      orderId: "a",
      chargeId: charges[0]?.chargeId,
      outcome: "charged",
    });
  });

  it("signs its callbacks, and only so", async (t) => {
    const { provider, receiver } = await open(t);
    provider.charge(order("a", receiver.url));
    await until("the callback has come", () => receiver.received.length > 0);
    const { callback, signature } = receiver.received[0] ?? assert.fail("no callback");
    assert.ok(isSignedBy(callback, signature, SECRET));
    assert.ok(!isSignedBy({ ...callback, outcome: "refused" }, signature, SECRET));
    assert.ok(!isSignedBy(callback, signature, "another secret"));
    assert.ok(!isSignedBy(callback, "", SECRET));
  });

  it("refuses charges, at the rate it is told and always the same ones", async (t) => {
    const { provider, ledger } = await open(t, { refuseRate: 0.5, lostRate: 1 });
    const orders = Array.from({ length: 100 }, (_, n) => `order-${n}`);
    for (const orderId of orders) provider.charge(order(orderId));
    const expected = orders.map((orderId) =>
      fractionOf(1, "refused", orderId) < 0.5 ? "refused" : "charged",
    );
    assert.deepEqual(kindsOf(ledger), expected);
  });

  it("sends a duplicate callback twice and a lost one never", async (t) => {
    const { provider, receiver } = await open(t, { duplicateRate: 1 });
    provider.charge(order("twice", receiver.url));
    await until("both have come", () => receiver.received.length === 2);
    assert.deepEqual(receiver.received[0]?.callback, receiver.received[1]?.callback);
    provider.change({ duplicateRate: 0, lostRate: 1 });
    provider.charge(order("never", receiver.url));
    provider.change({ lostRate: 0 });
    provider.charge(order("last", receiver.url));
    await until("the last one has come", () => receiver.received.length === 3);
    assert.equal(receiver.received[2]?.callback.orderId, "last");
  });

  it("sends a late callback later", async (t) => {
    const { provider, receiver } = await open(t, { lateRate: 1, lateMs: 300 });
    const startedAtMs = performance.now();
    provider.charge(order("a", receiver.url));
    await until("the callback has come", () => receiver.received.length > 0);
    assert.ok((receiver.received[0]?.atMs ?? 0) - startedAtMs >= 300);
  });

  it("repeats a callback that finds the shop unwell, and not one that is refused", async (t) => {
    const { provider, receiver } = await open(t);
    receiver.answers.push(503, 204);
    provider.charge(order("a", receiver.url));
    await until("it has come again", () => receiver.received.length === 2);
    receiver.answers.push(409);
    provider.charge(order("b", receiver.url));
    provider.change({ delayMs: 1_000 });
    provider.charge(order("c", receiver.url));
    await until("the next has come", () =>
      receiver.received.some(({ callback }) => callback.orderId === "c"),
    );
    assert.equal(receiver.received.filter(({ callback }) => callback.orderId === "b").length, 1);
  });

  it("answers a check with what became of the charge", async (t) => {
    const { provider } = await open(t, { lostRate: 1 });
    const { chargeId } = provider.charge(order("a"));
    assert.deepEqual(provider.check(command("CheckPayment", "a")), {
      type: "PaymentConfirmed",
      data: { chargeId },
    });
    provider.change({ refuseRate: 1 });
    const refused = provider.charge(order("b"));
    assert.deepEqual(provider.check(command("CheckPayment", "b")), {
      type: "PaymentRefused",
      data: { chargeId: refused.chargeId },
    });
  });

  it("closes an order that stays unknown, and never charges it afterwards", async (t) => {
    const { provider, ledger, clock } = await open(t);
    assert.equal(provider.check(command("CheckPayment", "a")), null);
    clock.nowMs += UNKNOWN_MS - 1;
    assert.equal(provider.check(command("CheckPayment", "a")), null);
    clock.nowMs += 1;
    assert.deepEqual(provider.check(command("CheckPayment", "a")), { type: "OrderExpired", data: {} });
    assert.equal(provider.charge(order("a")).outcome, "closed");
    assert.deepEqual(kindsOf(ledger), ["closed"]);
  });

  it("gives a charge back once, however often it is asked", async (t) => {
    const { provider, ledger } = await open(t, { lostRate: 1 });
    provider.charge(order("a"));
    const first = provider.refund(command("RefundPayment", "a"));
    assert.deepEqual(provider.refund(command("RefundPayment", "a")), first);
    assert.deepEqual(kindsOf(ledger), ["charged", "refunded"]);
  });

  it("never charges an order whose refund came first", async (t) => {
    const { provider, ledger } = await open(t, { lostRate: 1 });
    for (let time = 1; time <= 2; time++)
      assert.deepEqual(provider.refund(command("RefundPayment", "a")), { type: "PaymentVoided", data: {} });
    assert.equal(provider.charge(order("a")).outcome, "closed");
    assert.deepEqual(kindsOf(ledger), ["closed"]);
  });

  it("fails calls at the rate it is told, half of them after their work", async (t) => {
    const { provider } = await open(t, { failureRate: 0.5 });
    const counts = { works: 0, PROVIDER_UNAVAILABLE: 0, PROVIDER_TIMEOUT: 0, done: 0 };
    for (let call = 0; call < 1000; call++) {
      try {
        provider.call(() => counts.done++);
        counts.works++;
      } catch (error) {
        counts[(error as { code: "PROVIDER_UNAVAILABLE" | "PROVIDER_TIMEOUT" }).code]++;
      }
    }
    assert.equal(counts.done, counts.works + counts.PROVIDER_TIMEOUT);
    for (const [found, expected] of [
      [counts.works, 500],
      [counts.PROVIDER_UNAVAILABLE, 250],
      [counts.PROVIDER_TIMEOUT, 250],
    ] as const)
      assert.ok(Math.abs(found - expected) < 60, JSON.stringify(counts));
  });

  it("says that nothing happened when the disk is full, and tells the log once", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "ticket-shop-"));
    const file = join(folder, "ledger");
    const full = fillUp(file);
    const warned: string[] = [];
    const ledger = new Ledger(file, { warn: (_, message) => void warned.push(message) });
    t.after(async () => {
      ledger.close();
      full.close();
      await rm(folder, { recursive: true });
    });
    const bill = { orderId: "a", amountMinor: 1, currency: "EUR" };
    for (let call = 0; call < 2; call++)
      assert.throws(() => ledger.settle("charged", bill), {
        code: "PROVIDER_UNAVAILABLE",
        kind: "unavailable",
        message: "the ledger fails (the disk is full), and nothing happened; try again",
      });
    assert.equal(ledger.getSettlement("a"), null);
    assert.deepEqual(warned, ["the ledger fails"]);
    full.exec("delete from entries; delete from sqlite_sequence");
    assert.equal(ledger.settle("charged", bill).isNew, true);
    assert.deepEqual(warned, ["the ledger fails", "the ledger can be written again"]);
  });

  it("lets two processes with one ledger charge an order once", async (t) => {
    const { ledger, folder } = await open(t);
    const other = new Ledger(join(folder, "ledger"), SILENT_LOG);
    t.after(() => other.close());
    const bill = { orderId: "a", amountMinor: 1, currency: "EUR" };
    assert.equal(ledger.settle("charged", bill).isNew, true);
    assert.equal(other.settle("closed", bill).entry.kind, "charged");
  });
});

/** A ledger that answers as on a full disk: SQLite does so too when the last number that a row may have is given. */
function fillUp(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec(`
    create table entries (
      number integer primary key autoincrement, entry_id text, order_id text, kind text, amount_minor integer, currency text, at_ms integer
    );
    insert into entries (number, order_id, kind) values (${2n ** 63n - 1n}, 'the last', 'charged')`);
  return database;
}

async function open(t: TestContext, change: BehaviorChange = {}) {
  const receiver = await startCallbackReceiver(t);
  const folder = await mkdtemp(join(tmpdir(), "ticket-shop-"));
  const ledger = new Ledger(join(folder, "ledger"), SILENT_LOG);
  const callbacks = new Callbacks({ secret: SECRET, seed: 1, log: SILENT_LOG });
  t.after(async () => {
    await callbacks.stop();
    ledger.close();
    await rm(folder, { recursive: true });
  });
  const clock = { nowMs: 0 };
  const provider = new Provider({
    ledger,
    callbacks,
    behavior: { ...DEFAULT_BEHAVIOR, delayMs: 0, ...change },
    seed: 1,
    unknownMs: UNKNOWN_MS,
    monotonicMs: () => clock.nowMs,
  });
  return { provider, ledger, receiver, clock, folder };
}

function order(orderId: string, callbackUrl = "http://127.0.0.1:1/nobody") {
  return { orderId, amountMinor: 100, currency: "EUR", callbackUrl };
}

function command<Type extends string>(type: Type, orderId: string) {
  const data = { orderId, amountMinor: 100, currency: "EUR" };
  return {
    commandId: `run:1:${orderId}`,
    type,
    runId: "run",
    flow: "purchase",
    flowVersion: 1,
    attempt: 1,
    data,
  };
}

function kindsOf(ledger: Ledger): string[] {
  return ledger.list(0, 1000).map(({ kind }) => kind);
}
