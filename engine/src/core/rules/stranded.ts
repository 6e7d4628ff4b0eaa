import type { CompiledState } from "../compile-flow.ts";
import { COMMAND_FAILED } from "../flow.ts";
import type { Run } from "../run.ts";

/** Whether nothing is left that could move a run: no command, no timer, and no event that comes from anywhere but its state's commands. */
export function isStranded(run: Run, state: CompiledState): boolean {
  if (run.commands.length + run.timers.length > 0) return false;
  const answers = new Set(state.send.flatMap(({ command }) => [...command.answers]));
  return [...state.on.keys()].every((type) => type === COMMAND_FAILED || answers.has(type));
}
