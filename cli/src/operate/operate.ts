/** What the commands that change runs have in common: one run at once, many as a job, or nothing at all with `--dry-run`. */
import type { Api } from "../api.ts";
import { printJson, printJsonLine, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { apiOf } from "../command.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { requireRunId } from "../run-id.ts";
import { tame } from "../style.ts";
import type { Fate, Job, Operated, Preview, Refusal, Run } from "../wire.ts";
import { confirm } from "./confirm.ts";
import { askedOf } from "./flags.ts";
import type { JobFlags } from "./flags.ts";
import { followJob } from "./follow-job.ts";
import {
  countFates,
  countsText,
  fatesText,
  filterText,
  isClean,
  jobText,
  number,
  refusalText,
  resultsText,
} from "./job-text.ts";

export interface Wish {
  /** As the API takes it. */
  readonly operation: { readonly type: string } & Readonly<Record<string, unknown>>;
  readonly runIds: readonly string[];
  readonly filter: Readonly<Record<string, unknown>>;
  /** A command line that names many runs, for who has named none. */
  readonly example: string;
}

/** Runs of one page of a preview. */
const PAGE_MAX = 200;

/** @throws CLI_BAD_ARGUMENT (invalid) when neither runs nor filters are named, or both · CLI_UNKNOWN_RUN (missing) */
export async function operate(cli: Cli, given: Wish, flags: JobFlags): Promise<ExitCode> {
  checkWish(given, flags);
  const api = apiOf(flags, cli);
  const wish = await withRunIds(api, given);
  const isOne = wish.runIds.length === 1;
  if (flags.dryRun === true && (flags.list === true || isOne)) return listPreview(cli, api, wish, flags);
  if (isOne) return operateOne(cli, api, wish, flags);
  if (flags.dryRun !== true && flags.yes !== true && !(await isConfirmed(cli, api, wish))) {
    cli.stderr.write("nothing was changed\n");
    return EXIT.failed;
  }
  return runJob(cli, "/v1/jobs", { operation: wish.operation, filter: filterFor(wish) }, flags);
}

function checkWish({ runIds, filter, example }: Wish, { dryRun, list }: JobFlags): void {
  const isFiltered = Object.keys(filter).length > 0;
  if (runIds.length > 0 && isFiltered && !areKeys(filter))
    throw cliError(
      "CLI_BAD_ARGUMENT",
      "both runs and filters are named, expected either of them; only --flow goes with runs, which are then named by their keys",
    );
  if (runIds.length === 0 && !isFiltered)
    throw cliError(
      "CLI_BAD_ARGUMENT",
      `neither runs nor filters are named, expected ids, or filters such as: ${example}`,
    );
  if (list === true && dryRun !== true)
    throw cliError("CLI_BAD_ARGUMENT", "--list goes with --dry-run; without it the runs would be changed");
}

/** Beside a flow alone, runs are named by their keys in that flow. */
function areKeys(filter: Wish["filter"]): filter is { readonly flow: string } {
  return typeof filter["flow"] === "string" && Object.keys(filter).length === 1;
}

async function withRunIds(api: Api, wish: Wish): Promise<Wish> {
  const { runIds, filter } = wish;
  if (runIds.length === 0 || !areKeys(filter)) return wish;
  const found: string[] = [];
  for (const key of runIds) found.push(await requireRunId(api, key, filter.flow));
  return { ...wish, runIds: found, filter: {} };
}

function filterFor({ runIds, filter }: Wish): Readonly<Record<string, unknown>> {
  return runIds.length > 0 ? { runIds } : filter;
}

async function operateOne(cli: Cli, api: Api, wish: Wish, flags: JobFlags): Promise<ExitCode> {
  const { type, ...fields } = wish.operation;
  const [runId = ""] = wish.runIds;
  const { body } = await api.post<Operated>(`/v1/runs/${encodeURIComponent(runId)}/${type}`, {
    ...fields,
    ...askedOf(flags, cli),
  });
  if (flags.json === true) printJson(cli, body);
  else
    cli.stdout.write(
      `${tame(operatedText(type, body))}\n${type === "cancel" ? await stillParkedText(api, runId) : ""}`,
    );
  return EXIT.ok;
}

/** Cancel lets go whatever parked a run but a failing undo: that is an operator's to settle before the run can end. */
async function stillParkedText(api: Api, runId: string): Promise<string> {
  // What was asked for is done and said; that this cannot be read now takes nothing back.
  const run = await api.get<Run>(`/v1/runs/${encodeURIComponent(runId)}`).catch(() => null);
  if (run === null || run.parked === null) return "";
  return tame(`it stays parked (${run.parked}) and ends when its undo is done: retry or skip it`) + "\n";
}

function operatedText(type: string, { actionId, version }: Operated): string {
  return version === null
    ? `${type} is kept and will be done: the run cannot be reached now (action ${actionId})`
    : `${type} done as history entry ${version} (action ${actionId})`;
}

/** Shows what would happen to the first runs, and asks, unless all of it would be refused. */
async function isConfirmed(cli: Cli, api: Api, wish: Wish): Promise<boolean> {
  if (cli.stdin.isTTY !== true || cli.stderr.isTTY !== true) return confirm(cli, "");
  const page = await preview(api, wish, null);
  if (page.items.length === 0) {
    cli.stderr.write(`no runs with ${tame(filterText(filterFor(wish)))}\n`);
    return false;
  }
  const isAll = page.cursor === null;
  cli.stderr.write(
    `${isAll ? "" : `of the first ${number(page.items.length)} runs:\n`}${fatesText(countFates(page.items))}`,
  );
  if (page.refusal !== undefined) {
    cli.stderr.write(`sluice: ${refusalText(page.refusal)}\n`);
    return false;
  }
  const what = isAll ? `${number(page.items.length)} runs` : "all runs";
  return confirm(cli, `${wish.operation.type} ${what} with ${tame(filterText(filterFor(wish)))}?`);
}

function preview(api: Api, wish: Wish, cursor: string | null): Promise<Preview> {
  return api
    .post<Preview>("/v1/jobs/preview", {
      operation: wish.operation,
      filter: filterFor(wish),
      limit: PAGE_MAX,
      ...(cursor === null ? {} : { cursor }),
    })
    .then(({ body }) => body);
}

/** Page after page, so that it shows the first runs at once and holds few of them, however many there are. */
async function listPreview(cli: Cli, api: Api, wish: Wish, { json }: JobFlags): Promise<ExitCode> {
  const style = styleOf(cli);
  let runs = 0;
  let fatesOfLeft: readonly Fate[] = [];
  let refusal: Refusal | undefined;
  let cursor: string | null = null;
  do {
    const page: Preview = await preview(api, wish, cursor);
    runs += page.items.length;
    fatesOfLeft = countFates(
      page.items.filter(({ code }) => code !== null),
      fatesOfLeft,
    );
    refusal = page.refusal;
    if (json === true) for (const result of page.items) printJsonLine(cli, result);
    else if (page.items.length > 0) cli.stdout.write(resultsText(page.items, style));
    cursor = page.cursor;
  } while (cursor !== null);
  const left = fatesOfLeft.reduce((sum, fate) => sum + fate.runs, 0);
  if (json !== true)
    cli.stdout.write(
      runs === 0
        ? "no runs\n"
        : `${number(runs - left)} would be done, ${number(left)} left as they are\n${fatesText(fatesOfLeft)}`,
    );
  if (refusal !== undefined) cli.stderr.write(`sluice: ${refusalText(refusal)}\n`);
  return left === 0 && refusal === undefined ? EXIT.ok : EXIT.failed;
}

/** Starts a job and waits for its end. */
export async function runJob(
  cli: Cli,
  path: string,
  body: Readonly<Record<string, unknown>>,
  flags: JobFlags,
): Promise<ExitCode> {
  const signal = cli.interruption();
  const api = apiOf(flags, cli, signal);
  const { body: started } = await api.post<Job>(path, {
    ...body,
    ...askedOf(flags, cli),
    ...(flags.dryRun === true ? { dryRun: true } : {}),
    ...(flags.rate === undefined ? {} : { runsPerSecond: flags.rate }),
  });
  if (!flags.wait) {
    printStarted(cli, started, flags);
    return EXIT.ok;
  }
  return printEnded(
    cli,
    await followJob({ cli, api, signal, isJson: flags.json === true }, started.jobId),
    flags,
  );
}

function printStarted(cli: Cli, job: Job, { json }: JobFlags): void {
  if (json === true) printJson(cli, job);
  else
    cli.stdout.write(
      `job ${tame(job.jobId)} is under way; follow it with \`sluice jobs watch ${tame(job.jobId)}\`\n`,
    );
}

/** A job that was stopped, or left runs as they are, did not do what it was for. */
export function printEnded(cli: Cli, job: Job, { json }: Pick<JobFlags, "json">): ExitCode {
  const style = styleOf(cli);
  if (json === true) printJson(cli, job);
  else if (job.dryRun || !isClean(job)) cli.stdout.write(jobText(job, style));
  else cli.stdout.write(`${job.operation.type}: ${countsText(job)} (job ${tame(job.jobId)})\n`);
  return isClean(job) ? EXIT.ok : EXIT.failed;
}
