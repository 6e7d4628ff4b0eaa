import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { env } from "node:process";
import { it } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { fractionOf } from "./chance.ts";
import { newTotals, runCrowd } from "./crowd/crowd.ts";
import { settleOrders } from "./crowd/settle.ts";
import { ShopClient } from "./crowd/shop-client.ts";
import type { Reply } from "./crowd/shop-client.ts";
import { cancelOrders, resumeAll } from "./fixtures/operators.ts";
import type { Canceled } from "./fixtures/operators.ts";
import { ShopProcess } from "./fixtures/shop-process.ts";
import { listUnreturned } from "./fixtures/unreturned.ts";
import { until } from "./fixtures/until.ts";
import { findFreePort } from "./free-port.ts";
import type { Cancellation } from "./messages.ts";

/** How long processes die; `SLUICE_CHAOS_SECONDS` makes it longer. */
const SECONDS = Number(env["SLUICE_CHAOS_SECONDS"] ?? 60);
/** `SLUICE_CHAOS_SEED` repeats the instants, the victims and the provider's faults of an earlier trial, as far as the machine allows. */
const SEED = Number(env["SLUICE_CHAOS_SEED"] ?? randomInt(2 ** 31));

const VICTIMS = ["engine", "postgres", "both"] as const;
type Victim = (typeof VICTIMS)[number];

/** From one recovery to the next death. */
const CALM_MS_MAX = 3_000;
const RECOVERY_MS = 60_000;
const SETTLE_MS = 60_000;
const TEST_MS = SECONDS * 1000 + 200_000;

const CROWD = {
  users: 30,
  usersPerSecond: 30,
  thinkMsMin: 50,
  thinkMsMax: 500,
  concertId: "festival",
  seed: SEED,
};

/** Some of them want to see what will be canceled. */
const CANCELED = "arena";
const FANS = { ...CROWD, users: 10, usersPerSecond: 10, concertId: CANCELED, seed: SEED + 1 };
/** The death in whose midst it is canceled. */
const CANCELED_AT = 1;

const PROMISE =
  "keeps every acknowledged order, no money and all laws while the engine and Postgres are killed under a crowd, and orders and a concert are canceled";

it(PROMISE, { timeout: TEST_MS }, async (t) => {
  t.diagnostic(`SLUICE_CHAOS_SEED=${SEED}`);
  const { up, shop, ledgerDirectory } = await openShop(t);
  const [totals, fans] = [newTotals(), newTotals()];
  const closingTime = new AbortController();
  t.after(() => closingTime.abort());
  const open = { seconds: TEST_MS / 1000, signal: closingTime.signal };
  const buying = [runCrowd(shop, { ...CROWD, ...open }, totals), runCrowd(shop, { ...FANS, ...open }, fans)];
  const canceled: Canceled = new Map();
  const canceling = cancelOrders({ url: up.url, seed: SEED, signal: closingTime.signal }, canceled);

  const deaths = { engine: 0, postgres: 0, both: 0 };
  const endMs = performance.now() + SECONDS * 1000;
  for (let n = 0; performance.now() < endMs || n < VICTIMS.length; n++) {
    await sleep(CALM_MS_MAX * fractionOf(SEED, "calm", n));
    const victim = victimOf(n);
    if (n === CANCELED_AT) await untilCanceled(shop, "is taken", ({ body }) => body !== undefined);
    await kill(up, victim);
    await up.start();
    deaths[victim]++;
    await assertLaws(shop, `after death ${n + 1}, of ${victim}`);
  }
  closingTime.abort();
  await Promise.all([...buying, canceling]);
  await until("what stood still goes on", () => resumeAll(up.url), RECOVERY_MS);

  await untilCanceled(shop, "has ended", ({ body }) => body?.outcome === "refunded");
  const orders = [...totals.orders, ...fans.orders];
  const settled = await settleOrders(shop, orders, { settleMs: SETTLE_MS });
  const errors = { crowd: Object.fromEntries(totals.errors), fans: Object.fromEntries(fans.errors) };
  const refunded = (await shop.cancelConcert(CANCELED)).body?.refunded;
  const byOperators = Object.fromEntries(canceled);
  t.diagnostic(JSON.stringify({ deaths, byOperators, orders: orders.length, refunded, ...settled, errors }));
  assert.ok(orders.length > 0);
  assert.deepEqual(settled.missing, [], "acknowledged orders are missing");
  assert.deepEqual(settled.open, [], `orders have not ended\n${up.output}`);
  assert.ok(canceled.size > 1, "operators have hardly found an order");
  const isNothingOwed = async () => (await listUnreturned(up.url, ledgerDirectory))?.length === 0;
  await until("all money of orders without a ticket has gone back", isNothingOwed, SETTLE_MS);
  await assertLaws(shop, "at the end");
  assert.equal(await up.stop(), 0, up.output);
  await up.audit();
});

async function openShop(t: TestContext) {
  const dataDirectory = testDataDirectory(t);
  const ledgerDirectory = join(dataDirectory, "ledgers");
  const up = new ShopProcess({
    dataDirectory,
    port: await findFreePort(),
    // A provider that is as unlucky as its shop.
    env: {
      SLUICE_TICKET_SHOP_LEDGER_DIRECTORY: ledgerDirectory,
      SLUICE_PROVIDER_SEED: String(SEED),
      SLUICE_PROVIDER_UNKNOWN_MS: "3s",
      SLUICE_PROVIDER_REFUSE_RATE: "0.05",
      SLUICE_PROVIDER_DUPLICATE_RATE: "0.1",
      SLUICE_PROVIDER_LOST_RATE: "0.1",
      SLUICE_PROVIDER_FAILURE_RATE: "0.02",
    },
  });
  const shop = new ShopClient(up.url, CROWD.users + FANS.users + 16);
  t.after(async () => {
    await shop.close();
    await up.stop();
  });
  await up.start();
  return { up, shop, ledgerDirectory };
}

/** Each victim once, in a trial however short; then as the seed wants it. */
function victimOf(n: number): Victim {
  return VICTIMS[n] ?? VICTIMS[Math.floor(VICTIMS.length * fractionOf(SEED, "victim", n))] ?? "both";
}

async function kill(up: ShopProcess, victim: Victim): Promise<void> {
  if (victim !== "engine") await up.killPostgres();
  if (victim !== "postgres") await up.kill();
}

function untilCanceled(
  shop: ShopClient,
  what: string,
  holds: (reply: Reply<Cancellation>) => boolean,
): Promise<void> {
  return until(
    `the cancellation ${what}`,
    async () => holds(await shop.cancelConcert(CANCELED)),
    RECOVERY_MS,
  );
}

/** The shop's laws hold, as soon as it can say so. */
async function assertLaws(shop: ShopClient, when: string): Promise<void> {
  let broken: unknown;
  const isAnswered = async (): Promise<boolean> => {
    const { body } = await shop.audit();
    broken = body?.laws.filter(({ breaches }) => breaches.length > 0);
    return body !== undefined;
  };
  await until(`the audit answers ${when}`, isAnswered, RECOVERY_MS);
  assert.deepEqual(broken, [], when);
}
