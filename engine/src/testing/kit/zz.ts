import { purchaseFlow } from "../../../../examples/ticket-shop/src/purchase.flow.ts";
import type { FlowTypes } from "../../definition/define-flow.ts";
import { event } from "./happening.ts";
import { fakeParticipant } from "./fake-participant.ts";
import { answer, fail, hang, later } from "./reaction.ts";
import { testRun } from "./test-engine.ts";
const flow = purchaseFlow({ unpaid: "120s", pollFirst: "10s", pollEvery: "5s" });
type P = FlowTypes<typeof flow>;
const data = { orderId: "order-1", concertId: "festival", amountMinor: 4900, currency: "EUR" };
for (const kind of ["local", "transactional"] as const) {
for (const moment of [null, "before commit", "after commit", "before send", "after send"] as const) {
const t0 = performance.now();
const tickets = fakeParticipant<P>("tickets", { IssueTicket: [fail("X", 2), hang(), answer("TicketIssued", { ticketId: "ticket-1", seat: 7 })] }, { kind });
const orders = fakeParticipant<P>("orders", { CloseOrder: () => ({ type: "OrderClosed", data: {} }) }, { kind });
const payments = fakeParticipant<P>("payments", { CheckPayment: [later(), later("2s", answer("PaymentConfirmed", { chargeId: "c" }))], RefundPayment: answer("PaymentRefunded", { refundId: "refund-1" }) }, { kind });
const run = await testRun(flow, { data, key: "order-1", participants: [tickets, orders, payments] });
await run.advance("10s");
if (moment) run.crashHere(moment, moment.endsWith("commit") ? "PaymentStarted": "CheckPayment");
await run.send(event("PaymentStarted"));
await run.advance("1m");
console.log(kind, moment, run.path.join(), tickets.asked.map((a) => a.type + a.deliveries), payments.asked.map((a) => a.type + a.deliveries), String(run).split("\n").length);
try { run.expect({ outcome: "closed", path: ["order-created"] }); } catch (e) { console.log(String(e)); }
console.log(performance.now() - t0);
}}
