/** A transport that can send commands of before once more: what a broker brings twice, and late. */
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { Transport } from "@sluice/engine";

export interface RememberingTransport {
  readonly transport: Transport;
  /** Sends some of the commands once more that it has sent; answers how many. */
  repeat(): Promise<number>;
}

/** So many are remembered: of the last minutes, so that most of their runs have gone on since. */
const REMEMBERED_MAX = 500;
const REPEAT_MS_MAX = 10_000;
/** Of those that are remembered. */
const REPEATED_SHARE = 0.5;

export function remembering(transport: Transport): RememberingTransport {
  const sent: CommandMessage[] = [];
  return {
    transport: {
      ...transport,
      send(commands, signal) {
        sent.push(...commands);
        sent.splice(0, Math.max(0, sent.length - REMEMBERED_MAX));
        return transport.send(commands, signal);
      },
    },
    async repeat() {
      const again = sent.filter(() => Math.random() < REPEATED_SHARE);
      if (again.length === 0) return 0;
      const settlements = await transport.send(again, AbortSignal.timeout(REPEAT_MS_MAX));
      return settlements.filter(({ type }) => type === "delivered").length;
    },
  };
}
