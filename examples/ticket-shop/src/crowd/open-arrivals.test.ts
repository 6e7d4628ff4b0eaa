import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { newTotals, orderIdOf } from "./crowd.ts";
import { openArrivals } from "./open-arrivals.ts";
import { ShopClient } from "./shop-client.ts";

const ARRIVALS = { arrivalsPerSecond: 50, seconds: 0.2, concertId: "festival", seed: 7 };
const { signal } = new AbortController();

/** A shop that takes so long for each call, and knows an order by its key as the real one does. */
async function openSlowShop(t: TestContext, answerMs: number): Promise<ShopClient> {
  const server = createServer((request, response) => {
    const key = String(request.headers["idempotency-key"]);
    const body = JSON.stringify({ orderId: orderIdOf(key), outcome: "charged" });
    setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end(body), answerMs);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const shop = new ShopClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 10);
  t.after(async () => {
    await shop.close();
    server.close();
  });
  return shop;
}

describe("arrivals by a schedule", () => {
  it("come when they were planned, whether or not the shop has answered", async (t) => {
    const totals = newTotals();
    const shop = await openSlowShop(t, 300);
    const arrivals = await openArrivals([shop], { ...ARRIVALS, buyersMax: 100, signal }, totals);
    assert.deepEqual(
      arrivals.map(({ plannedAtMs }) => Math.round(plannedAtMs - (arrivals[0]?.plannedAtMs ?? 0))),
      [0, 20, 40, 60, 80, 100, 120, 140, 160, 180],
    );
    assert.deepEqual(arrivals.map(({ orderId }) => orderId).toSorted(), totals.orders.toSorted());
    assert.equal(totals.paid, 10);
  });

  it("count from their planned start while they wait outside", async (t) => {
    const shop = await openSlowShop(t, 20);
    const arrivals = await openArrivals([shop], { ...ARRIVALS, buyersMax: 1, signal }, newTotals());
    const last = arrivals.at(-1);
    // Ten of them, one behind the other, at two calls of some 20 ms each; the last one was planned after 180 ms.
    assert.ok(last !== undefined && Number(last.answeredAtMs) - last.plannedAtMs >= 9 * 40 - 180);
  });
});
