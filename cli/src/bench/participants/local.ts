import type { Transport } from "@sluice/engine";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { local } from "@sluice/engine/participant";
import type { BenchFlow } from "../flow/bench-flow.ts";
import { answerTo } from "./answer.ts";
import { channelsOf } from "./channels.ts";

/** Participants in the engine's process that do nothing: what is left is the engine. */
export function localParticipants(flow: BenchFlow): Transport[] {
  return Object.entries(channelsOf(flow)).map(([channel, types]) =>
    local(
      channel,
      Object.fromEntries(types.map((type) => [type, async (command: CommandMessage) => answerTo(command)])),
    ),
  );
}
