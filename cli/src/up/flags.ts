/** The flags of processes that run for long. */
import { Option } from "commander";
import type { Command } from "commander";
import type { LogLevel } from "@sluice/host/log";

const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const satisfies readonly LogLevel[];

export function addServerOptions(command: Command, port = "7070"): void {
  command
    .option("--host <host>", "the address to listen on (SLUICE_HTTP_HOST; default 127.0.0.1)")
    .option("--port <port>", `the port; 0 takes a free one (SLUICE_HTTP_PORT; default ${port})`);
}

export function addEngineOptions(command: Command): void {
  command
    .option(
      "--lanes <number>",
      "lanes of a new deployment, fixed when it is made (SLUICE_ENGINE_LANES; default 16)",
    )
    .option(
      "--retention-days <days>",
      "how long a run is kept after it has ended (SLUICE_ENGINE_RETENTION_DAYS; default: for ever)",
    )
    .option(
      "--address <url>",
      "where other engines reach this one (SLUICE_ENGINE_ADDRESS; default: host and port)",
    )
    .addOption(
      new Option(
        "--keys <when>",
        "whether the API asks for a key: auto does so unless only this machine reaches it (SLUICE_ACCESS_KEYS; default auto)",
      ).choices(["auto", "required"]),
    );
}

export function addProcessOptions(command: Command): void {
  command
    .option(
      "--config <file>",
      "YAML or JSON with any of these options, behind flags and variables: http: { port: 8080 } (SLUICE_CONFIG)",
    )
    .addOption(
      new Option(
        "--log-level <level>",
        "the lowest level that is logged (SLUICE_LOG_LEVEL; default info)",
      ).choices([...LOG_LEVELS]),
    );
}
