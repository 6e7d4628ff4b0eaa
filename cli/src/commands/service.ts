/** `sluice service`: a participant in a process of its own. */
import type { Command } from "commander";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import type { ServiceFlags } from "../service/options.ts";
import { addProcessOptions, addServerOptions } from "../up/flags.ts";

export function addServiceCommand(program: Command, run: Run): void {
  const command = addCommand(program, "service <name> [app]", {
    summary: "start one of an app's services: a participant in a process of its own",
    more:
      "NAME is one of the app's `services`. It takes commands over Kafka, RabbitMQ or HTTP, as the app says, and serves /readyz and /metrics.\n" +
      "Ctrl-C or SIGTERM: no new commands, those under way end, their answers leave, then it stops with exit code 0.",
    examples: [
      ["service tickets src/app.ts", "on any free port"],
      [
        "service tickets src/app.ts --database-url postgres://user@db/tickets --port 8081",
        "with its own database",
      ],
    ],
  });
  addServerOptions(command, "0");
  command.option(
    "--database-url <url>",
    "the service's own Postgres, where it needs one (SLUICE_DATABASE_URL)",
  );
  addProcessOptions(command);
  addJsonOption(command, "log JSON lines on a terminal too, and no table (SLUICE_UP_JSON)").action(
    run(async (cli, name: string, file: string | undefined, flags: ServiceFlags) =>
      (await import("../service/service.ts")).serveService(cli, name, file, flags),
    ),
  );
}
