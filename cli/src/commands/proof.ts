/** `sluice proof`: random flows, a counter for each effect, and everything that can go wrong. */
import { Option } from "commander";
import type { Command } from "commander";
import { wholeNumber } from "../arguments.ts";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import type { ProofOptions } from "../proof/options.ts";

const ENGINES_MAX = 8;
const CALLERS_MAX = 1_000;
const FAULTS_MAX = 1_000_000;
const EFFECTS_MAX = 1_000_000_000;
const SECONDS_MAX = 31_536_000;
const OUTAGE_SECONDS_MAX = 600;
const AT_ONCE_MAX = 16;
const SEED_MAX = 2 ** 31 - 1;

export function addProofCommand(program: Command, run: Run): void {
  const command = addCommand(program, "proof [acts...]", {
    summary: "prove the promises of the engine: kill everything at random, count every effect",
    more:
      "Starts engines and a Postgres of its own with fsync on, lets callers come, and breaks everything: at random instants, and at each\n" +
      "point of the batch loop. Afterwards every counter must equal its expected value. A seed decides flows, callers, participants and faults;\n" +
      "one that fails is printed and replays, as far as a real machine allows, and its database and logs are kept. A full disk needs a file\n" +
      "system of its own, and so root on Linux.",
    examples: [
      ["proof", "a slice of two minutes"],
      ["proof --seed 4711", "the flows, callers and faults of this seed once more"],
      ["proof --acts crash-points,connection-loss --faults 1", "every point of the batch loop once"],
      [
        'proof --kinds "engine killed,disk full" --faults 10',
        "only these faults, and only acts in which they come",
      ],
      ["proof distributed --faults 3", "processes around a real Kafka, then around a real RabbitMQ"],
      [
        "proof rolling-restart --transport kafka --seconds 120",
        "every process restarted in turn, and no caller sees an error",
      ],
      [
        "proof --faults 500 --at-once 2 --journal faults.jsonl",
        "the long version: hours, ended at any time and gone on with",
      ],
      ["proof storm --effects 1000000 --callers 40 --journal effects.jsonl", "a million effects, of a crowd"],
    ],
  });
  addJsonOption(command)
    .option(
      "--seed <n>",
      "decides everything that can be decided (default: a new one)",
      wholeNumber(0, SEED_MAX),
    )
    .option(
      "--seconds <n>",
      "how long it may take (default 120, or as long as the counts need)",
      wholeNumber(1, SECONDS_MAX),
    )
    .option("--faults <n>", "go on until each kind of fault has come so often", wholeNumber(1, FAULTS_MAX))
    .option("--effects <n>", "go on until so many effects were counted", wholeNumber(1, EFFECTS_MAX))
    .option("--engines <n>", "processes with an engine (default 2)", wholeNumber(1, ENGINES_MAX))
    .option(
      "--callers <n>",
      "how many callers come in a second of a storm (default 6, 9 or 12, by the seed)",
      wholeNumber(1, CALLERS_MAX),
    )
    .option(
      "--acts <names>",
      "which acts to play, with a comma, as the arguments name them (default all that need no broker)",
      (text) => text.split(","),
    )
    .addOption(
      new Option(
        "--transport <name>",
        "the broker of acts that are named without one (default each)",
      ).choices(["kafka", "rabbitmq"]),
    )
    .option(
      "--outage-seconds <n>",
      "how long a broker stays out of reach (default 60)",
      wholeNumber(1, OUTAGE_SECONDS_MAX),
    )
    .option("--kinds <names>", "which kinds of faults may come, with a comma (default all)", (text) =>
      text.split(","),
    )
    .option(
      "--at-once <n>",
      "rounds that are played at the same time, each in a world of its own (default 1)",
      wholeNumber(1, AT_ONCE_MAX),
    )
    .option(
      "--journal <file>",
      "note each round in this file, and go on from there when it is begun already (default none)",
    )
    .option("--keep", "keep databases and logs also when all is proved")
    // Loaded when it is needed: the other commands start without a database driver.
    .action(
      run(async (cli, acts: readonly string[], flags: ProofOptions) => {
        const named = [...acts, ...(flags.acts ?? [])];
        const { proof } = await import("../proof/proof.ts");
        return proof(cli, named.length === 0 ? flags : { ...flags, acts: named });
      }),
    );
}
