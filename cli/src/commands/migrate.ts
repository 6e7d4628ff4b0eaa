/** `sluice migrate`: all runs of a flow to another of its versions. */
import type { Command } from "commander";
import { addCommand } from "../command.ts";
import type { Run } from "../command.ts";
import { addJobOptions, addStateFilters, flowVersion } from "../operate/flags.ts";
import type { FilterFlags, JobFlags } from "../operate/flags.ts";
import { migrate } from "./runs/operations.ts";

type Flags = FilterFlags & JobFlags & { readonly to: number };

export function addMigrateCommand(program: Command, run: Run): void {
  const command = addCommand(program, "migrate <flow>", {
    summary: "move the runs of a flow to another of its versions",
    more:
      "As the `migrations` of that version say: states and data are mapped, commands under way stay under way, and timers are set anew.\n" +
      "A run that cannot go is left where it is, and counted with the reason; where the version has no place for a state of an older one,\n" +
      "nothing is moved at all, and a dry run shows the runs in it. It goes on after a crash, and to each run it happens once.",
    examples: [
      ["migrate purchase --to 2 --dry-run", "how many would go, and which would not"],
      ["migrate purchase --to 2 --dry-run --list", "what would happen to each run"],
      ["migrate purchase --to 2 --rate 200 --yes", "at most 200 runs in a second"],
    ],
  }).requiredOption("--to <version>", "the version to go to", flowVersion);
  addJobOptions(addStateFilters(command)).action(
    run((cli, flow: string, flags: Flags) => migrate(cli, [], { ...flags, flow })),
  );
}
