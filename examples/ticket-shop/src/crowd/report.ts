import type { AuditReport } from "../messages.ts";
import { Latencies } from "./latencies.ts";
import { countErrors } from "./crowd.ts";
import type { CrowdTotals } from "./crowd.ts";
import type { Settled } from "./settle.ts";
import type { Reply } from "./shop-client.ts";

export interface CrowdResult {
  readonly seed: number;
  /** How long the crowd was there. */
  readonly tookMs: number;
  readonly totals: CrowdTotals;
  readonly settled: Settled;
  readonly audit: Reply<AuditReport>;
}

/** One line about the crowd; the latencies are those since the line before. */
export function progressLine(totals: CrowdTotals, elapsedMs: number): string {
  const { second } = totals;
  totals.second = new Latencies();
  const ordersPerSecond = totals.orders.length / (elapsedMs / 1000);
  return [
    `${Math.round(elapsedMs / 1000)} s`.padStart(6),
    `${totals.users} users`,
    `${totals.orders.length} orders (${ordersPerSecond.toFixed(1)}/s)`,
    `${countErrors(totals)} errors`,
    `calls p50 ${ms(second.percentileMs(0.5))} p99 ${ms(second.percentileMs(0.99))}`,
  ].join("   ");
}

/** The summary for people. */
export function report({ tookMs, totals, settled, audit }: CrowdResult): string {
  const { latencies, orders } = totals;
  const outcomes = Object.entries(settled.outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  if (settled.open.length > 0) outcomes.push(`${settled.open.length} still open`);
  return [
    "",
    `orders    ${orders.length} acknowledged, ${(orders.length / (tookMs / 1000)).toFixed(1)}/s: ${outcomes.join(", ") || "none ended"}`,
    `calls     ${latencies.count} answered, p50 ${ms(latencies.percentileMs(0.5))}, p99 ${ms(latencies.percentileMs(0.99))}, longest ${ms(latencies.longestMs)}`,
    `errors    ${countErrors(totals)}`,
    ...[...totals.errors].map(([cause, count]) => `            ${count} × ${cause}`),
    "",
    ...auditLines(audit),
    `${settled.missing.length === 0 ? "holds " : "BROKEN"}  no acknowledged order is missing`,
    ...settled.missing.slice(0, 20).map((orderId) => `            order ${orderId}`),
  ].join("\n");
}

/** The summary for programs. */
export function toJson({ seed, tookMs, totals, settled, audit }: CrowdResult): object {
  const { latencies, orders, paid, refused, errors } = totals;
  return {
    seed,
    tookMs: Math.round(tookMs),
    orders: orders.length,
    ordersPerSecond: orders.length / (tookMs / 1000),
    paid,
    refused,
    outcomes: settled.outcomes,
    open: settled.open,
    missing: settled.missing,
    errors: Object.fromEntries(errors),
    calls: {
      answered: latencies.count,
      p50Ms: latencies.percentileMs(0.5),
      p99Ms: latencies.percentileMs(0.99),
      longestMs: latencies.longestMs,
    },
    audit: audit.body ?? { isClean: false, cause: audit.cause },
  };
}

function auditLines(audit: Reply<AuditReport>): string[] {
  if (audit.cause !== undefined) return [`BROKEN  the audit did not answer: ${audit.cause}`];
  return audit.body.laws.flatMap(({ name, breaches }) => [
    `${breaches.length === 0 ? "holds " : "BROKEN"}  ${name}`,
    ...breaches.map((breach) => `            ${breach}`),
  ]);
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
