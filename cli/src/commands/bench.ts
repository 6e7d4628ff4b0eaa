import type { Command } from "commander";
import type { BenchFlags } from "../bench/bench.ts";
import type { ParticipantKind } from "../bench/engine-bench.ts";
import { wholeNumber } from "../arguments.ts";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import { cliError } from "../errors.ts";

export function addBenchCommand(program: Command, run: Run): void {
  const bench = program.command("bench").description("Measure, beside a baseline of the same run");
  const engine = addCommand(bench, "engine", {
    summary:
      "Measure the engine: a purchase of five transitions, in a closed loop, beside the raw ceiling of Postgres",
    examples: [
      ["bench engine", "at 1, 50 and 1000 runs in flight, on an embedded Postgres of its own"],
      ["bench engine --in-flight 1000 --seconds 20 --json", "one figure, longer, for a script"],
    ],
    more: "The database is made for the benchmark and removed afterwards, with fsync on. Figures of a shared machine wander: compare ratios.",
  });
  addJsonOption(engine)
    .option("--seconds <n>", "how long each figure is measured (default 5)", wholeNumber(1, 3_600))
    .option("--in-flight <n,n>", "runs in flight (default 1,50,1000)", inFlightList)
    .option("--participants <kinds>", "transactional, http or both, with a comma (default both)", kindList)
    .option("--database-url <url>", "an empty database to use instead of an embedded one")
    // Loaded when it is needed: the other commands start without a database driver.
    .action(run(async (cli, flags: BenchFlags) => (await import("../bench/bench.ts")).bench(cli, flags)));
}

function inFlightList(text: string): number[] {
  return text.split(",").map(wholeNumber(1, 100_000));
}

function kindList(text: string): ParticipantKind[] {
  return text.split(",").map((kind) => {
    if (kind === "transactional" || kind === "http") return kind;
    throw cliError("CLI_BAD_ARGUMENT", `--participants is ${kind}, expected transactional or http`);
  });
}
