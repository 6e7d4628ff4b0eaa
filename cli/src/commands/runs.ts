/** `sluice runs`: list, show and watch them, and put them right. */
import type { Command } from "commander";
import { addCommand } from "../command.ts";
import type { Run } from "../command.ts";
import { addListCommand } from "./runs/list.ts";
import { addOperationCommands } from "./runs/operations.ts";
import { addShowCommand } from "./runs/show.ts";
import { addWatchCommand } from "./runs/watch.ts";

export function addRunsCommands(program: Command, run: Run): void {
  const runs = addCommand(program, "runs", {
    summary: "list, show and watch runs, and put them right",
    examples: [["runs --state awaiting-payment", "lists them"]],
  });
  addListCommand(runs, run);
  addShowCommand(runs, run);
  addWatchCommand(runs, run);
  addOperationCommands(runs, run);
}
