/** `sluice completion`: a script that lets a shell complete commands, options and their values. */
import { Argument } from "commander";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { addCommand } from "../command.ts";
import type { Run } from "../command.ts";
import { bashCompletion } from "../completion/bash.ts";
import { placesOf } from "../completion/command-tree.ts";
import type { CommandPlace } from "../completion/command-tree.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";

type Shell = "bash" | "zsh" | "fish";

const SCRIPTS: Readonly<Record<Shell, (places: readonly CommandPlace[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export function addCompletionCommand(program: Command, run: Run): void {
  addCommand(program, "completion", {
    summary: "print a script that lets your shell complete commands",
    examples: [
      ["completion bash >> ~/.bashrc", "for bash"],
      ["completion zsh >> ~/.zshrc", "for zsh, after compinit"],
      ["completion fish > ~/.config/fish/completions/sluice.fish", "for fish"],
    ],
  })
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SCRIPTS)))
    .action(run((cli, shell: Shell) => complete(cli, shell, program)));
}

async function complete({ stdout }: Cli, shell: Shell, program: Command): Promise<ExitCode> {
  stdout.write(SCRIPTS[shell](placesOf(program)));
  return EXIT.ok;
}
