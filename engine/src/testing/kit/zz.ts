import { Type } from "typebox";
import { defineFlow } from "../../definition/define-flow.ts";
import { answered, canceled, delivered, elapsed, ended, event, failed, forced, nth, skipped } from "./happening.ts";
import { testFlow } from "./test-flow.ts";
const Text = Type.String();
const flow = defineFlow({
  name: "order", version: 1,
  data: Type.Object({ orderId: Text, tags: Type.Array(Text), paymentId: Type.Optional(Text), reason: Type.Optional(Type.Union([Type.Literal("a"), Type.Literal("b")])) }),
  events: { Paid: Type.Object({ paymentId: Text }), Refused: Type.Object({ reason: Type.Union([Type.Literal("a"), Type.Literal("b")]) }), Tagged: Type.Object({ tags: Type.Array(Text) }), Expired: Type.Object({}), Refunded: Type.Object({}) },
  commands: { Charge: { channel: "p", data: Type.Object({ orderId: Text }), answers: ["Paid", "Refused"] }, StartRefund: { flow: "refund", outcomes: { refunded: "Refunded" }, data: Type.Object({ orderId: Text }) } },
  initial: "open",
  states: {
    open: { send: { Charge: { pick: ["orderId"] } }, on: { Paid: { target: "paid", update: "merge" }, Refused: { target: "refused", update: "merge" }, Tagged: { update: "merge" } }, after: { delay: "1h", target: "refused" } },
    paid: { send: { StartRefund: { pick: ["orderId"] } }, on: { Refunded: "done" } },
    refused: { final: "refused" },
    done: { final: "done" },
  },
});
const order = testFlow(flow);
const data = { orderId: "1", tags: ["a"] };
const open = order.given({ data }).then({ state: "open", sent: ["Charge", ], underWay: ["Charge"] });
open.when(answered("Charge", "Paid", { paymentId: "p" })).then({ state: "paid", data: { paymentId: "p", reason: undefined }, sent: [{ type: "StartRefund", data: { orderId: "1" } }] })
  .when(ended("StartRefund", "refunded")).then({ state: "done", outcome: "done" });
open.when(answered("Charge", "Refused", { reason: "a" })).then({ outcome: "refused", data: { reason: "a" } });
open.when(event("Tagged", { tags: ["x", "y"] })).then({ data: { tags: ["x", "y"] } });
open.when(elapsed("1h")).then({ outcome: "refused" });
open.when(event("Refunded")).then({ ignored: "unexpected" });
open.when(canceled()).then({ outcome: "canceled" });
open.when(forced("paid", { orderId: "2", tags: [] })).then({ state: "paid", data: { orderId: "2" } });
open.when(skipped()).then({ refused: "FLOW_RUN_NOT_PARKED" });
open.when(failed("Charge", "X", "invalid")).then({ parked: "command-refused" });
open.when(delivered("Charge"), nth(1, answered("Charge", "Refused", { reason: "b" }))).then({ state: "refused" });
open.whenMigratedTo(flow).then({ refused: "FLOW_MIGRATION_MISSING" });
try { open.when(event("Refunded"), answered("Charge", "Paid", { paymentId: "p" })).then({ state: "open", data: { paymentId: "q" }, sent: ["Charge"] }); } catch (e) { console.log(e); }
// wrong
order.given({ data: { orderId: "1" } });
order.given({ data, state: "nowhere" });
order.given({ data, state: "compensating" });
open.when(event("Payed", { paymentId: "1" }));
open.when(event("Paid", { paymentId: 1 }));
open.when(event("Paid"));
open.when(event("Refused", { reason: "c" }));
open.when(answered("Charge", "Expired"));
open.when(answered("Charg", "Paid", { paymentId: "p" }));
open.when(failed("Charg"));
open.when(ended("Charge", "refunded"));
open.when(forced("nowhere"));
open.then({ state: "nowhere" });
open.then({ data: { paymentId: 1 } });
open.then({ data: { nothing: 1 } });
open.then({ sent: ["Nothing"] });
open.then({ sent: [{ type: "Charge", data: { orderId: 1 } }] });
open.then({ underWay: ["Nothing"] });
