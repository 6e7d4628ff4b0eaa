import type { Command } from "commander";
import { wholeNumber } from "../arguments.ts";
import type { BenchFlags } from "../bench/flags.ts";
import { STEPS_MAX } from "../bench/flow/bench-flow.ts";
import { PARTICIPANT_KINDS } from "../bench/participants/participant-kind.ts";
import { PEERS } from "../bench/peer/peer-config.ts";
import { DOORS } from "../bench/subject/engine-config.ts";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import { listOf, oneOf } from "../lists.ts";

const SECONDS_MAX = 3_600;
const IN_FLIGHT_MAX = 100_000;
const RATE_MAX = 1_000_000;
const STORED_MAX = 100_000_000;

export function addBenchCommand(program: Command, run: Run): void {
  const bench = addCommand(program, "bench", {
    summary: "measure, beside a baseline of the same run",
    examples: [["bench engine", "the engine: two minutes"]],
  });
  const engine = addCommand(bench, "engine", {
    summary: "measure the engine, beside what plain statements reach with the same rows",
    examples: [
      ["bench engine", "the cases behind the goals, and some beside: two minutes"],
      [
        "bench engine --steps 3 --participants local --in-flight 1,50",
        "every combination of what was asked for",
      ],
      [
        "bench engine --steps purchase --rate 500",
        "runs begin by a schedule, whether or not the engine keeps up",
      ],
      [
        "bench engine --stored 10000,1000000,10000000",
        "what growth costs; needs some 40 GB and some minutes",
      ],
      ["bench engine --against dbos", "beside DBOS Transact, on the same Postgres"],
      ["bench engine --json > before.json", "kept, for"],
      ["bench engine --compare before.json", "the ratio of each figure to what it was"],
    ],
    more:
      "The engine runs in a process of its own. The database is made for the benchmark and removed afterwards, with fsync on.\n" +
      "Figures of a shared machine wander: compare ratios, and see what others took (the last column).",
  });
  addJsonOption(engine)
    .option("--seconds <n>", "how long each figure is measured (default 3)", wholeNumber(1, SECONDS_MAX))
    .option(
      "--steps <n,n>",
      "flows of so many steps, or `purchase`: five transitions with two events from outside",
      listOf((text) => (text === "purchase" ? text : wholeNumber(1, STEPS_MAX)(text))),
    )
    .option("--participants <kinds>", PARTICIPANT_KINDS.join(", "), listOf(oneOf(PARTICIPANT_KINDS)))
    .option("--door <doors>", "how runs are started: library, http", listOf(oneOf(DOORS)))
    .option("--in-flight <n,n>", "runs in flight", listOf(wholeNumber(1, IN_FLIGHT_MAX)))
    .option(
      "--rate <n>",
      "begin so many runs a second by a schedule; --in-flight is then the most under way",
      wholeNumber(1, RATE_MAX),
    )
    .option("--all", "every combination, where nothing else is said: a quarter of an hour")
    .option(
      "--stored <n,n>",
      "measure beside so many stored runs, each on tables of its own, from the fewest to the most",
      listOf(wholeNumber(1, STORED_MAX)),
    )
    .option(
      "--against <peer>",
      `measure a peer as well, on the same Postgres: ${PEERS.join(", ")}`,
      oneOf(PEERS),
    )
    .option(
      "--profile",
      "where each microsecond of a transition goes, in the engine and in Postgres, in one case",
    )
    .option("--compare <file>", "print the ratio of each figure to that of a former --json")
    .option("--database-url <url>", "an empty database to use instead of an embedded one")
    // Loaded when it is needed: the other commands start without a database driver.
    .action(run(async (cli, flags: BenchFlags) => (await import("../bench/bench.ts")).bench(cli, flags)));
}
