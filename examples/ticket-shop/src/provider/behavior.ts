import { Type } from "typebox";
import type { Static } from "typebox";

const Rate = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const Ms = (description: string) => Type.Integer({ minimum: 0, maximum: 3_600_000, description });

/** How badly the provider behaves. Rates are shares of all orders, `failureRate` of all calls. */
export const Behavior = Type.Object(
  {
    delayMs: Ms("From the charge to its callback."),
    failureRate: Rate(
      "Calls that fail; half of them after their work was done, so that the caller cannot know.",
    ),
    refuseRate: Rate("Charges that are refused."),
    duplicateRate: Rate("Callbacks that are sent twice."),
    lostRate: Rate("Callbacks that are never sent."),
    lateRate: Rate("Callbacks that come `lateMs` later than usual."),
    lateMs: Ms("How much later a late callback is."),
  },
  { additionalProperties: false },
);
export type Behavior = Static<typeof Behavior>;

/** Any part of a behavior; the rest stays as it is. */
export const BehaviorChange = Type.Partial(Behavior, { additionalProperties: false });
export type BehaviorChange = Static<typeof BehaviorChange>;

/** A good day. */
export const DEFAULT_BEHAVIOR: Behavior = {
  delayMs: 50,
  failureRate: 0,
  refuseRate: 0,
  duplicateRate: 0,
  lostRate: 0,
  lateRate: 0,
  lateMs: 5_000,
};
