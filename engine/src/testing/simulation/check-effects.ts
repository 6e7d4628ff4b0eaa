import { COMMAND_FAILED } from "../../core/flow.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { FinishedRun } from "./finished-run.ts";
import { EFFECT_PREFIX, FAULT_PREFIX, HOT_KEY, TRANSACTIONAL_CHANNELS } from "./participant-ledger.ts";
import type { ParticipantLedger } from "./participant-ledger.ts";
import type { Report } from "./violation.ts";

interface EffectPorts {
  readonly database: MemoryDatabase;
  readonly ledger: ParticipantLedger;
  readonly report: Report;
}

/** I2: what the participants' books say of each command, beside what its run's history says of it. */
export function checkEffects(runs: Iterable<FinishedRun>, ports: EffectPorts): void {
  const effects = readEffects(ports.database);
  for (const finished of runs) checkRunEffects(finished, effects, ports);
  for (const [commandId, count] of effects) {
    if (count !== 0)
      ports.report("I2", `command ${commandId} took effect ${count} times, and no history knows it`);
  }
  for (const [key, text] of ports.database.values)
    if (key.startsWith(FAULT_PREFIX)) ports.report("I2", `command ${key.slice(FAULT_PREFIX.length)} ${text}`);
}

/** Counts by command id; the row that all commands share must say the same. Checked commands are taken out. */
function readEffects(database: MemoryDatabase): Map<string, number> {
  const effects = new Map<string, number>();
  for (const [key, text] of database.values)
    if (key.startsWith(EFFECT_PREFIX))
      effects.set(key.slice(EFFECT_PREFIX.length), JSON.parse(text) as number);
  return effects;
}

export function checkHotRow({ database, report }: EffectPorts): void {
  const effects = [...readEffects(database).values()].reduce((sum, count) => sum + count, 0);
  const hot = JSON.parse(database.values.get(HOT_KEY) ?? "0") as number;
  if (hot !== effects)
    report("I2", `the row that all effects share counts ${hot}, the effects by command are ${effects}`);
}

function checkRunEffects(
  finished: FinishedRun,
  effects: Map<string, number>,
  { ledger, report }: EffectPorts,
): void {
  const { runId } = finished.run;
  for (const { commandId, type, channel, isChild, end } of issuedCommands(finished)) {
    // The effect of a command that starts a run is that run.
    if (isChild) continue;
    if (!TRANSACTIONAL_CHANNELS.has(channel)) {
      if (end === "done" && !ledger.hasHeardOf(commandId))
        report("I2", `run ${runId} is past command ${commandId} (${type}), which its participant never got`);
      continue;
    }
    const count = effects.get(commandId) ?? 0;
    effects.delete(commandId);
    if (!EXPECTED[end].includes(count))
      report("I2", `command ${commandId} (${type}) ended ${end} and took effect ${count} times`);
  }
}

/** A command by the history of its run. */
export interface IssuedCommand {
  readonly commandId: string;
  readonly type: string;
  readonly channel: string;
  /** It starts a run. */
  readonly isChild: boolean;
  readonly end: End;
}

/** `brokered`: channels behind a broker, whose delivery of a command says nothing yet of what became of it. */
export function issuedCommands(
  { entries, flow }: Pick<FinishedRun, "entries" | "flow">,
  brokered: ReadonlySet<string> = new Set(),
): readonly IssuedCommand[] {
  // A further attempt names its command again.
  const issued = new Map(
    entries.flatMap(({ commands = [] }) => commands.map(({ id, type }) => [id, type] as const)),
  );
  const channelOf = (type = ""): string => flow.commands.get(type)?.channel ?? "";
  const isSettled = ({ kind, commandId = "", error }: HistoryEntry): boolean =>
    !brokered.has(channelOf(issued.get(commandId))) ||
    !(kind === "command-delivered" || (kind === "polled" && error === undefined));
  const ends = endsOf(entries.filter(isSettled));
  return [...issued].map(([commandId, type]) => {
    const { channel = "", child = null } = flow.commands.get(type) ?? {};
    return { commandId, type, channel, isChild: child !== null, end: ends.get(commandId) ?? "open" };
  });
}

/** What became of a command: `open` is one that was withdrawn, or that nobody has answered yet. */
export type End = "done" | "failed" | "open";

/** How often a transactional command may have taken effect. An open one was withdrawn, perhaps by another answer of its own batch. */
const EXPECTED: Readonly<Record<End, readonly number[]>> = { done: [1], failed: [0], open: [0, 1] };

/** What history says became of each command. An event from outside says so only if it names one, and nothing new where it comes too late. */
function endsOf(entries: readonly HistoryEntry[]): ReadonlyMap<string, End> {
  const ends = new Map<string, End>();
  for (const { kind, commandId, eventId, type, error, letter } of entries) {
    if (commandId === undefined || kind === "timer" || kind === "command-attempted") continue;
    if (kind === "unexpected" && eventId !== undefined && ends.has(commandId)) continue;
    // A dead letter that waits again says no more than it did the first time.
    if (kind === "queued" && letter !== undefined) continue;
    if (kind === "retried") {
      ends.delete(commandId);
      continue;
    }
    const isFailure = type === COMMAND_FAILED || (kind === "polled" && error !== undefined);
    ends.set(commandId, isFailure ? "failed" : "done");
  }
  return ends;
}
