import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "@sluice/engine";
import { openShop } from "./fixtures/open-shop.ts";
import { until } from "./fixtures/until.ts";
import { listStock } from "./store/list-stock.ts";

const FINAL_MS = 20_000;

describe("an order fulfilled from a warehouse in Postgres", () => {
  it("keeps the units of a shipped order, and gives back those of a canceled and of a refused one", async (t) => {
    const { client, sql, audit } = await openShop(t);
    const shipped = await placeOrder(client, {
      lines: [
        { sku: "lamp", units: 2 },
        { sku: "desk", units: 1 },
      ],
    });
    const canceled = await placeOrder(client, { lines: [{ sku: "desk", units: 5 }] });
    const refused = await placeOrder(client, { card: "declined", lines: [{ sku: "lamp", units: 7 }] });
    await inState(client, shipped, "shipping");
    await inState(client, canceled, "shipping");
    await client.send(shipped, { type: "ParcelCollected", data: { parcelId: "P-1" } });
    await client.send(canceled, { type: "OrderCanceled", data: {} });
    const outcomes = [shipped, canceled, refused].map(
      async (runId) => (await client.waitFinal(runId, FINAL_MS))?.outcome,
    );
    assert.deepEqual(await Promise.all(outcomes), ["shipped", "canceled", "refused"]);
    assert.deepEqual(
      [...(await listStock(sql))],
      [
        { sku: "chair", availableUnits: 3, heldUnits: 0 },
        { sku: "desk", availableUnits: 999, heldUnits: 1 },
        { sku: "lamp", availableUnits: 99_998, heldUnits: 2 },
      ],
    );
    assert.deepEqual(await audit(), []);
  });

  it("sells the last units once, and gives back what the losers held of others", async (t) => {
    const { client, sql, audit } = await openShop(t);
    const lines = [
      { sku: "desk", units: 1 },
      { sku: "chair", units: 1 },
    ];
    const runIds = await Promise.all(Array.from({ length: 20 }, () => placeOrder(client, { lines })));
    const ended = async () => {
      const runs = await Promise.all(runIds.map((runId) => client.require(runId)));
      return runs.filter(({ outcome, state }) => outcome === "refused" || state === "shipping");
    };
    await until("all orders have their units or none", async () => (await ended()).length === 20);
    assert.equal((await ended()).filter(({ state }) => state === "shipping").length, 3);
    const left = Object.fromEntries(
      (await listStock(sql)).map(({ sku, availableUnits }) => [sku, availableUnits]),
    );
    assert.deepEqual(left, { chair: 0, desk: 997, lamp: 100_000 });
    assert.deepEqual(await audit(), []);
  });
});

interface Wish {
  readonly card?: string;
  readonly lines: readonly { readonly sku: string; readonly units: number }[];
}

async function placeOrder(client: Client, { card = "good", lines }: Wish): Promise<string> {
  const data = { orderId: "o-1", address: "Elm 1", amountMinor: 4_900, card, lines };
  return (await client.start("order-fulfilment", { data })).runId;
}

async function inState(client: Client, runId: string, state: string): Promise<void> {
  await until(`the order is ${state}`, async () => (await client.require(runId)).state === state);
}
