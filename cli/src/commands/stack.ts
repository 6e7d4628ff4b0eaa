/** `sluice stack`: real servers to develop and test against, without Docker. */
import { Argument } from "commander";
import type { Command } from "commander";
import type { ServerName } from "@sluice/host/stack";
import { addCommand, addJsonOption } from "../command.ts";
import type { CommandHelp, Run } from "../command.ts";
import type { InstallFlags, StackFlags, UpFlags } from "../stack/flags.ts";

/** Written out, so that the other commands start without loading the servers. */
const SERVERS = { kafka: true, rabbitmq: true, redis: true, postgres: true } satisfies Record<
  ServerName,
  true
>;

export function addStackCommands(program: Command, run: Run): void {
  const stack = addCommand(program, "stack", {
    summary: "run Kafka, RabbitMQ, Redis and Postgres on this machine, without Docker",
    more:
      "For development and tests: each server listens on 127.0.0.1 only, and keeps its data in a folder of its own below the data\n" +
      "directory, over restarts and kills. Addresses and process ids are in stack.json there, which only you may read.",
    examples: [
      ["stack up", "all four; Ctrl-C stops them"],
      ["stack up kafka postgres --detach", "these two, in the background"],
      ["stack status", "what runs, and where"],
      ["stack down", "stops what runs, in the background or in another terminal"],
    ],
  });
  addUp(stack, run);
  addInstall(stack, run);

  const status = addCommand(stack, "status", {
    summary: "list the servers of a data directory; exit code 1 unless all of them run",
    examples: [["stack status --json", "for a script"]],
  });
  addDataDirectory(addJsonOption(status)).action(
    run(async (cli, flags: StackFlags) => (await import("../stack/status.ts")).stackStatus(cli, flags)),
  );

  const down = addCommand(stack, "down", {
    summary: "stop the servers of a data directory",
    more: "A `sluice stack up` that holds them in another terminal is ended, as by Ctrl-C.",
    examples: [["stack down", "their data stays"]],
  });
  addDataDirectory(addJsonOption(down)).action(
    run(async (cli, flags: StackFlags) => (await import("../stack/down.ts")).stackDown(cli, flags)),
  );
}

function addUp(stack: Command, run: Run): void {
  const up = addServersCommand(stack, "up", {
    summary: "start servers, and install what is missing",
    more:
      "A server keeps the port it had in this data directory; at first it takes its usual one (Kafka 9092, RabbitMQ 5672, Redis 6379,\n" +
      "Postgres 5432), or, where that is taken, any that is free. One that dies is started again.",
    examples: [
      ["stack up", "all four; Ctrl-C stops them"],
      ["stack up kafka --kafka-port 0 --json", "on any free port, which the JSON tells"],
      ["stack up --skip-missing", "those that can be had on this machine"],
    ],
  });
  for (const name of Object.keys(SERVERS))
    up.option(
      `--${name}-port <port>`,
      `its port; 0 takes a free one (SLUICE_STACK_${name.toUpperCase()}_PORT)`,
    );
  up.option("--detach", "leave them running and return")
    .option("--skip-missing", "leave out those that cannot be had on this machine, and say why")
    .option("--no-install", "install nothing (SLUICE_STACK_INSTALL=false)");
  addDataDirectory(addJsonOption(up)).action(
    run(async (cli, names: readonly ServerName[], flags: UpFlags) =>
      (await import("../stack/up.ts")).stackUp(cli, chosen(names), flags),
    ),
  );
}

function addInstall(stack: Command, run: Run): void {
  const install = addServersCommand(stack, "install", {
    summary: "install what servers need, and start nothing",
    more:
      "Kafka needs Java 17 and Maven, which fetches it; RabbitMQ and Redis are packages of the system. As root on Debian or Ubuntu\n" +
      "packages are installed with apt-get, without starting their services. Postgres comes with npm.",
    examples: [
      ["stack install", "everything for all four"],
      ["stack install --skip-missing", "as much as this machine allows, before tests"],
    ],
  });
  install.option("--skip-missing", "leave out those that cannot be had on this machine, and say why");
  addJsonOption(install).action(
    run(async (cli, names: readonly ServerName[], flags: InstallFlags) =>
      (await import("../stack/install.ts")).stackInstall(cli, chosen(names), flags),
    ),
  );
}

function addServersCommand(stack: Command, name: string, help: CommandHelp): Command {
  const servers = new Argument("[servers...]", "which ones (default: all)").choices(Object.keys(SERVERS));
  return addCommand(stack, name, help).addArgument(servers);
}

function chosen(names: readonly ServerName[]): readonly ServerName[] {
  return names.length === 0 ? (Object.keys(SERVERS) as ServerName[]) : [...new Set(names)];
}

function addDataDirectory(command: Command): Command {
  return command.option(
    "--data-dir <folder>",
    "where the servers keep everything (SLUICE_STACK_DATA_DIRECTORY; default .sluice/stack)",
  );
}
