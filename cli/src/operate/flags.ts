/** Options that the commands of operators share. */
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { durationMs, instant, wholeNumber } from "../arguments.ts";
import type { Query } from "../api.ts";
import type { Cli } from "../cli.ts";
import type { JsonOption, ServerOption } from "../command.ts";
import { addJsonOption, addServerOption } from "../command.ts";
import { userName } from "../user-name.ts";

/** Who asks, and why. */
export interface AskedFlags {
  readonly by?: string;
  readonly reason?: string;
}

export function addAskedOptions(command: Command): Command {
  return command
    .option("--reason <text>", "why, for the record")
    .option("--by <name>", "who asks, for the record (SLUICE_BY; default: your user name)");
}

/** The fields of a request's body that say who asks, and why. */
export function askedOf({ by, reason }: AskedFlags, cli: Pick<Cli, "env">): AskedFlags {
  const name = by === undefined || by === "" ? userName(cli) : by;
  return {
    ...(name === undefined ? {} : { by: name }),
    ...(reason === undefined ? {} : { reason }),
  };
}

export const PARK_REASONS = [
  "rule-failed",
  "command-gave-up",
  "command-refused",
  "answer-not-taken",
  "undo-failed",
  "data-too-large",
] as const;

/** Which runs. */
export interface FilterFlags {
  readonly flow?: string;
  readonly flowVersion?: number;
  readonly state?: string;
  readonly businessState?: string;
  readonly key?: string;
  readonly parked?: boolean;
  readonly parkReason?: string;
  readonly stuckFor?: number;
  readonly updatedSince?: string;
}

const VERSION_MAX = 2_147_483_647;

export const flowVersion = wholeNumber(1, VERSION_MAX);

export function addFlowOption(command: Command): Command {
  return command.option("--flow <name>", "runs of this flow");
}

export function addStateFilters(command: Command): Command {
  return command
    .option("--flow-version <version>", "runs pinned to this version", flowVersion)
    .option("--state <state>", "runs in this state")
    .option("--business-state <state>", "runs in this business state")
    .option("--key <key>", "the run with this key, one of each flow")
    .option("--parked", "runs that are parked")
    .option("--no-parked", "runs that are not")
    .addOption(new Option("--park-reason <reason>", "runs parked for this reason").choices([...PARK_REASONS]))
    .option("--stuck-for <duration>", "runs at least so long in their state: 90s, 15m, 2h", durationMs)
    .option("--updated-since <time>", "runs that changed since: ISO 8601, or how long ago (15m)", (text) =>
      instant(text, Date.now()),
    );
}

/** The filter of a request's body. */
export function filterOf({
  flow,
  flowVersion: version,
  state,
  businessState,
  key,
  parked,
  parkReason,
  stuckFor,
  updatedSince,
}: FilterFlags): Query {
  const filter = { flow, flowVersion: version, state, businessState, key, parked, parkReason, updatedSince };
  return Object.fromEntries(
    Object.entries({ ...filter, stuckForMs: stuckFor }).filter(([, value]) => value !== undefined),
  );
}

/** How a job goes. */
export interface JobFlags extends AskedFlags, JsonOption, ServerOption {
  readonly rate?: number;
  readonly dryRun?: boolean;
  readonly list?: boolean;
  readonly yes?: boolean;
  /** False: the command ends when the job is kept. */
  readonly wait: boolean;
}

export function addJobOptions(command: Command): Command {
  command
    .option("--dry-run", "change nothing, and say what would be")
    .option("--list", "with --dry-run: say it of each run")
    .option("--rate <runs>", "most runs in one second", rate)
    .option("--yes", "do not ask before many runs are changed")
    .option("--no-wait", "end at once; the server goes on with the job");
  addAskedOptions(command);
  return addJsonOption(addServerOption(command));
}

function rate(text: string): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (number >= 0.01 && number <= 100_000) return number;
  throw new InvalidArgumentError("Expected a number from 0.01 to 100000.");
}
