import type { Command } from "commander";
import { wholeNumber } from "../arguments.ts";
import type { BenchFlags } from "../bench/flags.ts";
import { STEPS_MAX } from "../bench/flow/bench-flow.ts";
import { PARTICIPANT_KINDS, TRANSPORT_KINDS } from "../bench/participants/participant-kind.ts";
import { PEERS } from "../bench/peer/peer-config.ts";
import { DOORS } from "../bench/subject/engine-config.ts";
import type { OverloadFlags } from "../bench/overload/bench-overload.ts";
import type { TransportsFlags } from "../bench/transports/flags.ts";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import { listOf, oneOf } from "../lists.ts";

const SECONDS_MAX = 3_600;
const MINUTES_MAX = 1_440;
const IN_FLIGHT_MAX = 100_000;
const RATE_MAX = 1_000_000;
const STORED_MAX = 100_000_000;

export function addBenchCommand(program: Command, run: Run): void {
  const bench = addCommand(program, "bench", {
    summary: "measure, beside a baseline of the same run",
    examples: [
      ["bench engine", "the engine: two minutes"],
      ["bench transports", "in the process, over HTTP, over brokers: three minutes"],
      ["bench overload", "capacity, and three times of it: two minutes"],
    ],
  });
  addEngine(bench, run);
  addTransports(bench, run);
  addOverload(bench, run);
}

function addEngine(bench: Command, run: Run): void {
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
        "what growth costs; needs some 40 GB and half an hour",
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

function addTransports(bench: Command, run: Run): void {
  const transports = addCommand(bench, "transports", {
    summary: "measure the same flow over each transport, beside the bare clients of the brokers",
    examples: [
      ["bench transports", "all of them, one run at a time and a thousand: three minutes"],
      ["bench transports --transports kafka --in-flight 1000,2000", "one, beside the engine alone"],
      [
        "bench transports --transports kafka --profile",
        "where the time goes in the engine, the participants and Postgres",
      ],
      ["bench transports --json > before.json", "kept, for"],
      ["bench transports --compare before.json", "the ratio of each figure to what it was"],
    ],
    more:
      "Engine and participants run in processes of their own, brokers and database in folders that are removed afterwards, with fsync on, acks of all\n" +
      "replicas, quorum queues and confirms. Nothing is installed: a broker that is not here is left out with a line that says how to get it.",
  });
  addJsonOption(transports)
    .option("--transports <kinds>", TRANSPORT_KINDS.join(", "), listOf(oneOf(TRANSPORT_KINDS)))
    .option("--in-flight <n,n>", "runs in flight (default 1000,1)", listOf(wholeNumber(1, IN_FLIGHT_MAX)))
    .option("--seconds <n>", "how long each figure is measured (default 3)", wholeNumber(1, SECONDS_MAX))
    .option("--profile", "where each microsecond of a transition goes, over one transport")
    .option("--compare <file>", "print the ratio of each figure to that of a former --json")
    .action(
      run(async (cli, flags: TransportsFlags) =>
        (await import("../bench/transports/bench-transports.ts")).benchTransports(cli, flags),
      ),
    );
}

function addOverload(bench: Command, run: Run): void {
  const overload = addCommand(bench, "overload", {
    summary: "find capacity, ask for two and three times of it, and stall a participant",
    examples: [
      ["bench overload", "what gets done, who is refused, and how memory goes: two minutes"],
      ["bench overload --minutes 30", "memory over half an hour at capacity, and as long at twice of it"],
      ["bench overload --json > before.json", "kept, for"],
      ["bench overload --compare before.json", "the ratio of each figure to what it was"],
    ],
    more:
      "Requests come from a process of their own by a schedule that waits for no answer, over 8,000 connections: more than the engine admits, so that it\n" +
      "is the engine that refuses. It has the limits it ships with. The same two cores carry callers, engine and Postgres.",
  });
  addJsonOption(overload)
    .option(
      "--seconds <n>",
      "how long capacity, and more of it, is measured (default 8)",
      wholeNumber(1, SECONDS_MAX),
    )
    .option(
      "--minutes <n>",
      "the same of capacity and twice of it, in minutes: long enough for a line through memory",
      wholeNumber(1, MINUTES_MAX),
    )
    .option("--compare <file>", "print the ratio of each figure to that of a former --json")
    .option("--database-url <url>", "an empty database to use instead of an embedded one")
    .action(
      run(async (cli, flags: OverloadFlags) =>
        (await import("../bench/overload/bench-overload.ts")).benchOverload(cli, flags),
      ),
    );
}
