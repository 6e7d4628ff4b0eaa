/** `sluice check`: what is wrong with the flows of files. */
import type { Command } from "commander";
import { addCommand, addJsonOption } from "../command.ts";
import type { JsonOption, Run } from "../command.ts";

export function addCheckCommand(program: Command, run: Run): void {
  const command = addCommand(program, "check <file...>", {
    summary: "check the flows of files",
    more:
      "A .yaml, .yml or .json file holds one flow; of a .ts or .js file, which is run, every exported flow is checked, or every flow of its\n" +
      "app. Child flows are held against the flows of all files, or of the app.\n" +
      "Errors would stop the load of a flow, and end this with exit code 1; warnings do not. A file that cannot be read ends it with 2.",
    examples: [
      ["check purchase.flow.ts", "each fault with its place, and what to do"],
      ["check src/app.ts", "the flows that an app serves"],
      ["check flows/*.yaml --json", "as JSON, with a JSON Pointer for each fault"],
    ],
  });
  addJsonOption(command).action(
    // Loaded when it is needed: the compiler of schemas takes its time to load.
    run(async (cli, files: readonly string[], flags: JsonOption) =>
      (await import("../check/check.ts")).check(cli, files, flags),
    ),
  );
}
