/**
 * The warehouse. Owns: `stock`, `holds`. Works in the transaction that moves the runs.
 * S1  Available units and those of holds that stand are always all the units there are.
 * S2  However many lines a batch holds and releases, a SKU costs one lock and one new row version for each of the two.
 */
import type { FlowTypes } from "@sluice/engine/definition";
import type { TransactionSql } from "@sluice/host/postgres";
import type { order } from "./order.flow.ts";
import { addToStock } from "./store/add-to-stock.ts";
import type { Hold } from "./store/hold.ts";
import { insertHolds } from "./store/insert-holds.ts";
import { lockStock } from "./store/lock-stock.ts";
import type { LockedStock } from "./store/lock-stock.ts";
import { releaseHolds } from "./store/release-holds.ts";

type Commands = FlowTypes<typeof order>["Commands"];
type Answers = FlowTypes<typeof order>["Answers"];

/** Sets units aside for all lines of a batch; one answer per command, in order. */
export async function holdStock(
  commands: readonly Commands["HoldStock"][],
  sql: TransactionSql,
): Promise<Answers["HoldStock"][]> {
  const stock = await lockStock(sql, skusOf(commands));
  const { answers, holds } = setAside(commands, stock);
  if (holds.length > 0) await Promise.all([insertHolds(sql, holds), addToStock(sql, unitsBySku(holds, -1))]);
  return answers;
}

/** First come, first served. */
function setAside(commands: readonly Commands["HoldStock"][], stock: readonly LockedStock[]) {
  const available = new Map(stock.map(({ sku, availableUnits }) => [sku, availableUnits]));
  const holds: Hold[] = [];
  const answers = commands.map(({ commandId, runId, data: { orderId, line } }): Answers["HoldStock"] => {
    const units = available.get(line.sku);
    if (units === undefined) return { type: "StockRefused", data: { refusal: `no article ${line.sku}` } };
    if (units < line.units)
      return { type: "StockRefused", data: { refusal: `${units} of ${line.sku} are left` } };
    available.set(line.sku, units - line.units);
    holds.push({ commandId, runId, orderId, ...line });
    return { type: "StockHeld", data: {} };
  });
  return { answers, holds };
}

/** Gives units back. A hold that never was, or is released already, is left as it is. */
export async function releaseStock(
  commands: readonly Commands["ReleaseStock"][],
  sql: TransactionSql,
): Promise<Answers["ReleaseStock"][]> {
  // In the order in which holds lock them, so that batches wait for each other instead of in a circle.
  await lockStock(sql, skusOf(commands));
  const released = await releaseHolds(
    sql,
    commands.flatMap(({ undoes }) => undoes ?? []),
  );
  if (released.length > 0) await addToStock(sql, unitsBySku(released, 1));
  return commands.map(() => ({ type: "StockReleased", data: {} }));
}

function skusOf(commands: readonly Pick<Commands["HoldStock"], "data">[]): readonly string[] {
  return [...new Set(commands.map(({ data }) => data.line.sku))];
}

function unitsBySku(
  holds: readonly Pick<Hold, "sku" | "units">[],
  sign: 1 | -1,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { sku, units } of holds) sums.set(sku, (sums.get(sku) ?? 0) + sign * units);
  return sums;
}
