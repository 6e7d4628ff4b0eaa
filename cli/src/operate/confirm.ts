import type { Cli } from "../cli.ts";
import { cliError } from "../errors.ts";

/**
 * Asks a person at a terminal; anything but yes is no.
 * @throws CLI_BAD_ARGUMENT (invalid) where nobody can be asked
 */
export async function confirm(
  { stdin, stderr }: Pick<Cli, "stdin" | "stderr">,
  question: string,
): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true)
    throw cliError(
      "CLI_BAD_ARGUMENT",
      "nobody can be asked here, expected --yes to change many runs, or --dry-run to see what would be",
    );
  stderr.write(`${question} [y/N] `);
  return /^y(es)?$/i.test((await readLine(stdin)).trim());
}

async function readLine(stdin: Cli["stdin"]): Promise<string> {
  let text = "";
  for await (const part of stdin) {
    text += part.toString();
    if (text.includes("\n")) break;
  }
  return text.split("\n", 1)[0] ?? "";
}
