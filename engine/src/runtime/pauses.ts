/**
 * What stands still because an operator said so.
 * Z1  A pause stops what Sluice does by itself: commands are not sent, timers do not fire, schedules start nothing, and a paused flow
 *     takes no new runs. What the world tells a run is taken in all the same, since it has happened.
 * Z2  Nothing is lost by it: held commands stay in the outbox and held timers in their table, so a takeover finds them.
 */
import { engineError } from "../core/errors.ts";
import type { PauseRow } from "../core/ports.ts";
import type { DueCommand } from "./batch-work.ts";

/** How long a caller is told to wait before it tries a paused flow again. */
const PAUSED_RETRY_MS = 30_000;

export class Pauses {
  #rows: readonly PauseRow[] = [];

  get any(): boolean {
    return this.#rows.length > 0;
  }

  /** Takes the pauses that are stored now; true when any was lifted. */
  update(rows: readonly PauseRow[]): boolean {
    const standing = new Set(rows.map(keyOf));
    const isLifted = this.#rows.some((row) => !standing.has(keyOf(row)));
    this.#rows = rows;
    return isLifted;
  }

  isFlowPaused(flow: string): boolean {
    return this.#rows.some((row) => row.flow === flow && row.scope === "flow");
  }

  /** Whether runs in this state stand still. */
  isStatePaused(flow: string, state: string): boolean {
    return this.#rows.some(
      (row) => row.flow === flow && (row.scope === "flow" || (row.scope === "state" && row.name === state)),
    );
  }

  /** Whether a command is kept back. `state` is that of its run. */
  holds({ flow, command }: Pick<DueCommand, "flow" | "command">, state: string): boolean {
    const child = flow.commands.get(command.type)?.child?.flow;
    if (child !== undefined && this.isFlowPaused(child)) return true;
    return this.#rows.some(
      (row) =>
        row.flow === flow.name &&
        (row.scope === "flow" ||
          (row.scope === "state" && row.name === state) ||
          (row.scope === "command" && row.name === command.type)),
    );
  }

  /** @throws FLOW_PAUSED (unavailable) */
  assertStarts(flow: string): void {
    const row = this.#rows.find((each) => each.flow === flow && each.scope === "flow");
    if (row === undefined) return;
    const reason = row.reason === null ? "" : `: ${row.reason}`;
    throw engineError(
      "FLOW_PAUSED",
      `flow ${flow} is paused${reason}; it takes no new runs until it is resumed`,
      {
        retryAfterMs: PAUSED_RETRY_MS,
      },
    );
  }
}

function keyOf({ flow, scope, name }: PauseRow): string {
  return `${flow}\n${scope}\n${name}`;
}
