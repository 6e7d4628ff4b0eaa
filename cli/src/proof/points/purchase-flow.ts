/**
 * One small flow with everything that a batch can carry: a participant of each kind, an event from outside, a timer, and steps that are taken
 * back. Runs of it lie in the snapshots of former schemas (`previous-schema/snapshots`), which know it by its hash: it never changes.
 */
import type { FlowDefinition } from "@sluice/engine/definition";
import type { GeneratedFlow } from "@sluice/engine/random-flows";
import { LOCAL_CHANNEL, REMOTE_CHANNEL } from "../storm/storm-app.ts";

export const PURCHASE = "purchase";
/** The state in which it waits for somebody to say `Received` or `GaveUp`. */
export const UNDER_WAY = "under-way";
export const SETTLING = "settling";
export const RECEIVED = "Received";
export const GAVE_UP = "GaveUp";
export const STOCK_CHANNEL = "stock";

const OBJECT = { type: "object" };
/** A participant whose process died is asked again at once. */
const RETRY = { attempts: 20, first: "20ms", max: "200ms" } as const;

const purchase: FlowDefinition = {
  name: PURCHASE,
  version: 1,
  data: OBJECT,
  events: Object.fromEntries(
    ["ReserveDone", "ChargeDone", "ShipDone", "UndoReserveDone", "UndoChargeDone", RECEIVED, GAVE_UP].map(
      (type) => [type, OBJECT],
    ),
  ),
  commands: {
    Reserve: { channel: STOCK_CHANNEL, answers: ["ReserveDone"] },
    Charge: { channel: LOCAL_CHANNEL, answers: ["ChargeDone"] },
    Ship: { channel: REMOTE_CHANNEL, answers: ["ShipDone"] },
    UndoReserve: { channel: STOCK_CHANNEL, answers: ["UndoReserveDone"] },
    UndoCharge: { channel: LOCAL_CHANNEL, answers: ["UndoChargeDone"] },
  },
  initial: "reserving",
  states: {
    reserving: {
      send: { Reserve: "data" },
      retry: RETRY,
      undo: { Reserve: { send: { UndoReserve: "data" }, retry: RETRY } },
      on: { ReserveDone: "charging" },
    },
    charging: {
      send: { Charge: "data" },
      retry: RETRY,
      undo: { Charge: { send: { UndoCharge: "data" }, retry: RETRY } },
      on: { ChargeDone: "shipping" },
    },
    shipping: { send: { Ship: "data" }, retry: RETRY, on: { ShipDone: UNDER_WAY } },
    [UNDER_WAY]: { on: { [RECEIVED]: SETTLING, [GAVE_UP]: { target: "taken-back", compensate: true } } },
    [SETTLING]: { after: { delay: "20ms", target: "bought" } },
    bought: { final: "bought" },
    "taken-back": { final: "taken-back" },
  },
};

export const PURCHASE_FLOWS: readonly GeneratedFlow[] = [
  { name: PURCHASE, versions: [purchase], outside: [RECEIVED, GAVE_UP] },
];
