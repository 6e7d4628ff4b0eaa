/** `sluice jobs`: what the server does to many runs, how far it is, and stopping it. */
import type { Command } from "commander";
import { Option } from "commander";
import { wholeNumber } from "../arguments.ts";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../command.ts";
import type { JsonOption, Run, ServerOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { addAskedOptions, askedOf } from "../operate/flags.ts";
import type { AskedFlags } from "../operate/flags.ts";
import { followJob } from "../operate/follow-job.ts";
import { countsText, jobColumns, jobText } from "../operate/job-text.ts";
import { printEnded } from "../operate/operate.ts";
import { pageText } from "../page-text.ts";
import { tame } from "../style.ts";
import type { Job, Page } from "../wire.ts";

type Flags = JsonOption & ServerOption;

interface ListFlags extends Flags {
  readonly state?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 20;
const ID = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";

export function addJobsCommands(program: Command, run: Run): void {
  const jobs = addCommand(program, "jobs", {
    summary: "what the server does to many runs: list, show, watch, stop",
    examples: [["jobs", "lists them"]],
  });
  addListCommand(jobs, run);
  const show = addCommand(jobs, "show <job>", {
    summary: "show how far a job is, and what became of some of its runs",
    examples: [[`jobs show ${ID}`, "as it is now"]],
  });
  const watch = addCommand(jobs, "watch <job>", {
    summary: "wait for the end of a job",
    more: "Ctrl-C leaves the job running. Ends with 1 when it was stopped, or left runs as they are.",
    examples: [[`jobs watch ${ID}`, "with its progress on a terminal"]],
  });
  const stop = addCommand(jobs, "stop <job>", {
    summary: "stop a job; what it has done stays done",
    examples: [[`jobs stop ${ID} --reason "wrong filter"`, "when the runs under way have answered"]],
  });
  addJsonOption(addServerOption(show)).action(run(showJob));
  addJsonOption(addServerOption(watch)).action(run(watchJob));
  addJsonOption(addServerOption(addAskedOptions(stop))).action(run(stopJob));
}

function addListCommand(jobs: Command, run: Run): void {
  const command = addCommand(jobs, "list", {
    summary: "list jobs, newest first, a page at a time",
    examples: [
      ["jobs", "as a table"],
      ["jobs --state running --json", "those under way, as JSON"],
    ],
  });
  command
    .addOption(
      new Option("--state <state>", "jobs in this state").choices(["running", "stopping", "stopped", "done"]),
    )
    .option("--limit <number>", "most jobs of the page", wholeNumber(1, LIMIT_MAX), LIMIT_DEFAULT)
    .option("--cursor <cursor>", "opens the page that another one names");
  addJsonOption(addServerOption(command)).action(run(listJobs));
}

async function listJobs(cli: Cli, flags: ListFlags): Promise<ExitCode> {
  const { state, limit, cursor } = flags;
  const page = await apiOf(flags, cli).get<Page<Job>>("/v1/jobs", { state, limit, cursor });
  if (flags.json === true) printJson(cli, page);
  else cli.stdout.write(pageText(page, tableOf(cli), cli));
  return EXIT.ok;
}

function tableOf(cli: Cli) {
  return { columns: jobColumns(styleOf(cli), Date.now()), none: "no jobs", row: "job" };
}

function pathOf(jobId: string): string {
  return `/v1/jobs/${encodeURIComponent(jobId)}`;
}

async function showJob(cli: Cli, jobId: string, flags: Flags): Promise<ExitCode> {
  const job = await apiOf(flags, cli).get<Job>(pathOf(jobId));
  if (flags.json === true) printJson(cli, job);
  else cli.stdout.write(jobText(job, styleOf(cli)));
  return EXIT.ok;
}

async function watchJob(cli: Cli, jobId: string, flags: Flags): Promise<ExitCode> {
  const signal = cli.interruption();
  const api = apiOf(flags, cli, signal);
  return printEnded(cli, await followJob({ cli, api, signal, isJson: flags.json === true }, jobId), flags);
}

async function stopJob(cli: Cli, jobId: string, flags: Flags & AskedFlags): Promise<ExitCode> {
  const { body } = await apiOf(flags, cli).post<Job>(`${pathOf(jobId)}/stop`, askedOf(flags, cli));
  if (flags.json === true) printJson(cli, body);
  else cli.stdout.write(`job ${tame(body.jobId)} is ${tame(body.state)}: ${countsText(body, body.dryRun)}\n`);
  return EXIT.ok;
}
