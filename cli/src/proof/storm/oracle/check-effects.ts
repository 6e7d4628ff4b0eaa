import { TRANSACTIONAL_CHANNELS, issuedCommands } from "@sluice/engine/random-flows";
import type { End, FinishedRuns, IssuedCommand, Report } from "@sluice/engine/random-flows";
import { BARE_CHANNEL } from "../storm-flows.ts";
import type { Expectations } from "./find-breaches.ts";
import type { Effect, Witnessed } from "./witnessed.ts";

/** What a participant keeps in mind, and so how often its commands may take effect. */
type Memory = "transaction" | "inbox" | "none";

/**
 * How often a command may have taken effect, by what its run's history says became of it. One that is open was withdrawn, and nobody
 * waits for what became of it. Who has no memory does what it is told as often as it is told.
 */
const EXPECTED: Readonly<
  Record<Memory, Readonly<Record<End, { readonly min: number; readonly max: number }>>>
> = {
  transaction: { done: { min: 1, max: 1 }, failed: { min: 0, max: 0 }, open: { min: 0, max: 1 } },
  inbox: { done: { min: 1, max: 1 }, failed: { min: 0, max: 1 }, open: { min: 0, max: 1 } },
  none: {
    done: { min: 1, max: Number.POSITIVE_INFINITY },
    failed: { min: 0, max: Number.POSITIVE_INFINITY },
    open: { min: 0, max: Number.POSITIVE_INFINITY },
  },
};

/** I2: every counter equals what the histories say, for what was done and for what took it back. */
export function checkEffects(
  runs: FinishedRuns,
  { effects, tally, brokered }: Pick<Witnessed, "effects" | "tally"> & Pick<Expectations, "brokered">,
  report: Report,
): void {
  const byCommand = Map.groupBy(effects, ({ commandId }) => commandId);
  for (const finished of runs.values()) {
    for (const command of issuedCommands(finished, brokered)) {
      // The effect of a command that starts a run is that run.
      if (!command.isChild) checkCount(command, byCommand.get(command.commandId) ?? [], report);
      byCommand.delete(command.commandId);
    }
  }
  for (const [commandId, { length }] of byCommand)
    report("I2", `command ${commandId} took effect ${length} times, and no history knows it`);
  for (const { commandId, isEarly } of effects)
    if (isEarly)
      report("I2", `command ${commandId} took effect before the batch that issued it was committed`);
  checkUndos(effects, report);
  checkTally(effects, tally, report);
}

/** What may be said of I2 before a world is at rest: who keeps commands in mind does none of them twice. */
export function checkRepeats(effects: readonly Effect[], report: Report): void {
  const remembered = effects.filter(({ channel }) => memoryOf(channel) !== "none");
  for (const [commandId, [first, ...others]] of Map.groupBy(remembered, (effect) => effect.commandId))
    if (first !== undefined && others.length > 0)
      report(
        "I2",
        `command ${commandId} (${first.type} on ${first.channel}) took effect ${1 + others.length} times`,
      );
}

function checkCount(
  { commandId, type, channel, end }: IssuedCommand,
  effects: readonly Effect[],
  report: Report,
): void {
  const { min, max } = EXPECTED[memoryOf(channel)][end];
  const times = effects.length;
  if (times < min || times > max)
    report("I2", `command ${commandId} (${type} on ${channel}) ended ${end} and took effect ${times} times`);
  for (const effect of effects)
    if (effect.type !== type || effect.channel !== channel)
      report(
        "I2",
        `command ${commandId} is ${type} on ${channel}, and ${effect.type} on ${effect.channel} was done`,
      );
}

/** Where what is done and what takes it back share a memory, nothing is done after it was taken back. */
function checkUndos(effects: readonly Effect[], report: Report): void {
  const undos = effects.filter(({ undoes }) => undoes !== null);
  const byCommand = Map.groupBy(effects, ({ commandId }) => commandId);
  for (const undo of undos) {
    const memory = memoryOf(undo.channel);
    if (memory === "none") continue;
    for (const done of byCommand.get(undo.undoes ?? "") ?? [])
      if (memoryOf(done.channel) === memory && done.nth > undo.nth)
        report("I2", `command ${done.commandId} took effect after ${undo.commandId} had taken it back`);
  }
}

/** The row that all effects of batches share has lost none of them. */
function checkTally(effects: readonly Effect[], tally: Witnessed["tally"], report: Report): void {
  const inBatches = effects.filter(({ channel }) => memoryOf(channel) === "transaction");
  const undos = inBatches.filter(({ undoes }) => undoes !== null).length;
  const done = inBatches.length - undos;
  if (tally.effects !== done || tally.undos !== undos)
    report(
      "I2",
      `the tally counts ${tally.effects} effects and ${tally.undos} undos, the rows are ${done} and ${undos}`,
    );
}

function memoryOf(channel: string): Memory {
  if (TRANSACTIONAL_CHANNELS.has(channel)) return "transaction";
  return channel === BARE_CHANNEL ? "none" : "inbox";
}
