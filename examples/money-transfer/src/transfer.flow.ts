import { compensate, defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";

const Text = Type.String({ minLength: 1, maxLength: 100 });
const Nothing = Type.Object({});

/** A sum that enters or leaves one account. */
const Sum = Type.Object({ account: Text, amountMinor: Type.Integer({ minimum: 1 }) });
const Withdrawal = Type.Object({ withdrawalId: Text });
const Deposit = Type.Object({ depositId: Text });
const Refusal = Type.Object({
  refusal: Type.Union([
    Type.Literal("unknown-account"),
    Type.Literal("closed-account"),
    Type.Literal("not-enough-money"),
  ]),
});

/**
 * Money moves from an account of our bank to one of another bank, or stays where it was. Each step names its undo, so that any way out
 * that compensates leaves no money in between, also when nobody knows whether the last command was carried out.
 */
export const transfer = defineFlow({
  name: "money-transfer",
  version: 1,
  data: Type.Object({
    fromAccount: Text,
    toAccount: Text,
    amountMinor: Sum.properties.amountMinor,
    ...Type.Partial(Withdrawal).properties,
    ...Type.Partial(Deposit).properties,
    ...Type.Partial(Refusal).properties,
  }),
  events: {
    MoneyWithdrawn: Withdrawal,
    WithdrawalRefused: Refusal,
    MoneyReturned: Nothing,
    MoneyDeposited: Deposit,
    DepositRefused: Refusal,
    DepositRecalled: Nothing,
  },
  commands: {
    WithdrawMoney: { channel: "our-bank", data: Sum, answers: ["MoneyWithdrawn", "WithdrawalRefused"] },
    ReturnMoney: { channel: "our-bank", data: Sum, answers: ["MoneyReturned"] },
    DepositMoney: { channel: "other-bank", data: Sum, answers: ["MoneyDeposited", "DepositRefused"] },
    RecallDeposit: { channel: "other-bank", data: Sum, answers: ["DepositRecalled"] },
  },
  initial: "withdrawing",
  states: {
    withdrawing: {
      send: { WithdrawMoney: ({ fromAccount, amountMinor }) => ({ account: fromAccount, amountMinor }) },
      undo: { WithdrawMoney: { send: { ReturnMoney: "command" }, unless: ["WithdrawalRefused"] } },
      on: {
        MoneyWithdrawn: { target: "depositing", update: "merge" },
        WithdrawalRefused: { target: "refused", update: "merge" },
      },
    },
    depositing: {
      send: { DepositMoney: ({ toAccount, amountMinor }) => ({ account: toAccount, amountMinor }) },
      retry: { attempts: 5, first: "200ms", factor: 2, max: "10s" },
      undo: {
        DepositMoney: {
          send: { RecallDeposit: "command" },
          unless: ["DepositRefused"],
          // Until it is recalled the money may be in two places, so nothing is more important than to go on.
          retry: { attempts: 1000, first: "1s", factor: 2, max: "5m" },
        },
      },
      on: {
        MoneyDeposited: { target: "transferred", update: "merge" },
        DepositRefused: { target: "returned", update: "merge", compensate: true },
        // The outcome is unknown: the other bank may have booked the deposit before it fell silent.
        commandFailed: compensate("returned"),
      },
    },
    transferred: { final: "transferred" },
    refused: { final: "refused" },
    returned: { final: "returned" },
  },
});
