import { hasCode } from "@sluice/contracts/problem";
import { messageOf } from "../../arguments.ts";
import type { Stage, Verdict } from "../act.ts";

/** The verdict of an act, or the reason why it cannot be played on this machine, in one line. Ctrl-C while servers start ends it as well. */
export async function orSkipped(
  act: string,
  { stop }: Pick<Stage, "stop">,
  play: () => Promise<Verdict>,
): Promise<Verdict> {
  try {
    return await play();
  } catch (error) {
    const isMissing = hasCode(error, "HOST_SERVER_MISSING");
    if (!isMissing && !stop.aborted) throw error;
    const skipped = isMissing ? [messageOf(error).replaceAll("\n", "; ")] : [];
    const nothing = { breaches: [], counts: {}, faults: [], takeoverMs: [], replay: null };
    return { act, ...nothing, skipped, isLeftOut: isMissing };
  }
}
