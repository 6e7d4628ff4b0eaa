import { commandRoute } from "@sluice/engine/http";
import { memoryInbox, receiveCommand } from "@sluice/engine/participant";
import type { Receiver } from "@sluice/engine/participant";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { Static } from "typebox";
import { Behavior, BehaviorChange } from "./behavior.ts";
import type { Provider, ShopTypes } from "./provider.ts";

const Text = Type.String({ minLength: 1, maxLength: 200 });

const ChargeRequest = Type.Object(
  {
    orderId: Text,
    amountMinor: Type.Integer({ minimum: 1 }),
    currency: Type.String({ pattern: "^[A-Z]{3}$" }),
    callbackUrl: Type.String({ maxLength: 2000, format: "uri" }),
  },
  { additionalProperties: false },
);

/** What became of an order: `closed` when it had been unknown for so long that it is not charged any more. */
export const ChargeAnswer = Type.Object({
  chargeId: Text,
  outcome: Type.Union([Type.Literal("charged"), Type.Literal("refused"), Type.Literal("closed")]),
});
export type ChargeAnswer = Static<typeof ChargeAnswer>;

const Entry = Type.Object({
  number: Type.Integer(),
  entryId: Text,
  orderId: Text,
  kind: Type.Union([
    Type.Literal("charged"),
    Type.Literal("refused"),
    Type.Literal("closed"),
    Type.Literal("refunded"),
  ]),
  amountMinor: Type.Integer(),
  currency: Text,
  atMs: Type.Integer(),
});

/** A page of the ledger. `next` opens the one after it; null on the last. */
export const LedgerPage = Type.Object({
  items: Type.Array(Entry),
  next: Type.Union([Type.Integer(), Type.Null()]),
});
export type LedgerPage = Static<typeof LedgerPage>;

const LedgerQuery = Type.Object({
  after: Type.Integer({ minimum: 0, default: 0 }),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
});

/** The provider's API. */
export function registerProviderRoutes(app: FastifyInstance, provider: Provider): void {
  app.post<{ Body: Static<typeof ChargeRequest> }>(
    "/charges",
    {
      schema: {
        summary: "Charge an order, once: a repeat answers what became of the first",
        body: ChargeRequest,
        response: { 200: ChargeAnswer },
      },
    },
    (request) => provider.call(() => provider.charge(request.body)),
  );

  // Commands of the flows. The inbox may forget with the process, for the ledger does not.
  const receiver: Receiver<ShopTypes, undefined> = {
    handlers: {
      CheckPayment: async (command) => provider.call(() => provider.check(command)),
      RefundPayment: async (command) => provider.call(() => provider.refund(command)),
    },
    inbox: memoryInbox(),
  };
  app.register(
    commandRoute({ path: "/commands", receive: (delivery) => receiveCommand(receiver, delivery) }),
  );

  app.get<{ Querystring: Static<typeof LedgerQuery> }>(
    "/ledger",
    {
      schema: {
        summary: "All that was ever booked, oldest first",
        querystring: LedgerQuery,
        response: { 200: LedgerPage },
      },
    },
    (request): LedgerPage => {
      const { after, limit } = request.query;
      const items = [...provider.list(after, limit)];
      return { items, next: items.length < limit ? null : (items.at(-1)?.number ?? null) };
    },
  );

  app.get(
    "/behavior",
    { schema: { summary: "How the provider behaves", response: { 200: Behavior } } },
    () => provider.behavior,
  );

  app.post<{ Body: BehaviorChange }>(
    "/behavior",
    {
      schema: {
        summary: "Make the provider behave otherwise, at once",
        body: BehaviorChange,
        response: { 200: Behavior },
      },
    },
    (request) => provider.change(request.body),
  );
}
