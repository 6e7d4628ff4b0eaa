import type { Clock, Transport } from "../core/ports.ts";
import { memoryTransport } from "../transports/memory/memory-transport.ts";
import { callBounded, scheduleTimer } from "./bounded-call.ts";
import { requireHandler } from "./handlers.ts";
import type { AnyHandler } from "./handlers.ts";
import { resolveHandleMs, resolveWhole } from "./options.ts";
import type { AnswerTo, AnyTypes, CommandOf, CommandType, ParticipantTypes } from "./participant-types.ts";

/** By command type, what carries out one command in this process, after the commit that issued it. */
export type LocalHandlers<Types extends ParticipantTypes> = {
  readonly [C in CommandType<Types>]?: (
    command: CommandOf<Types, C>,
    signal: AbortSignal,
  ) => Promise<AnswerTo<Types, C>>;
};

export interface LocalOptions {
  /** How long a handler may take, in ms; past it the attempt ends with FLOW_COMMAND_TIMEOUT. @default 5000 */
  readonly handleMs?: number;
  /** Most commands under way at once. @default 100 */
  readonly concurrencyMax?: number;
  /** @default the timers of this process */
  readonly schedule?: Clock["schedule"];
}

const CONCURRENCY_DEFAULT = 100;
const CONCURRENCY_MAX = 10_000;

/**
 * A participant in this process. A command may come more than once, always with the same `commandId`, so a handler whose effect must
 * happen once looks it up. A handler that throws fails the attempt: an error with a code keeps its code and kind, any other is
 * FLOW_HANDLER_FAILED (unavailable), and the flow's `retry` says what follows.
 *
 * ```ts
 * local<FlowTypes<typeof purchase>>("payments", { RefundPayment: (command, signal) => refund(command.data, signal) });
 * ```
 * @throws FLOW_BAD_OPTION (invalid)
 */
export function local<Types extends ParticipantTypes = AnyTypes>(
  channel: string,
  handlers: LocalHandlers<Types>,
  options: LocalOptions = {},
): Transport {
  // The types have done their work: a command reaches the handler of its own type only.
  const byType = handlers as unknown as Readonly<Record<string, AnyHandler<[]> | undefined>>;
  const handleMs = resolveHandleMs(channel, options.handleMs);
  const schedule = options.schedule ?? scheduleTimer;
  const underWay = new Map<string, Promise<unknown>>();
  return memoryTransport({
    channel,
    sendsMax: resolveWhole(
      channel,
      "concurrencyMax",
      options.concurrencyMax ?? CONCURRENCY_DEFAULT,
      CONCURRENCY_MAX,
    ),
    deliver: async (command, signal) => {
      const handler = requireHandler(byType, command.type);
      const bound = { name: `the handler of ${command.type}`, handleMs, schedule, signal };
      // An undo never runs beside what it takes back, even if nobody waits for that one any more.
      await settled(underWay.get(command.undoes ?? ""));
      return callBounded(bound, async (handlerSignal) => {
        const call = handler(command, handlerSignal);
        underWay.set(command.commandId, call);
        try {
          return await call;
        } finally {
          underWay.delete(command.commandId);
        }
      });
    },
  });
}

async function settled(call: Promise<unknown> | undefined): Promise<void> {
  await call?.catch(() => {});
}
