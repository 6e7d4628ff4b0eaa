/** Pauses as people read them. */
import { tame } from "../style.ts";
import type { Pause } from "../wire.ts";

/** `state paid of purchase`, `command ChargeCard of purchase`, `flow purchase`. */
export function pausedText({ flow, state, command }: Pick<Pause, "flow" | "state" | "command">): string {
  if (state !== null) return tame(`state ${state} of ${flow}`);
  return tame(command === null ? `flow ${flow}` : `command ${command} of ${flow}`);
}

/** The same with who paused it, since when, and why. */
export function pauseText(pause: Pause): string {
  const { by, at, reason } = pause;
  return `${pausedText(pause)}, paused by ${tame(by)} at ${tame(at)}${reason === null ? "" : `: ${tame(reason)}`}`;
}

/** What of one flow stands still, in a word or two; the flow's own name goes without saying. */
export function pausedPartsText(pauses: readonly Pause[]): string {
  const parts = pauses.map(({ state, command }) =>
    state !== null ? `state ${state}` : command === null ? "all of it" : `command ${command}`,
  );
  return tame(parts.join(", "));
}
