/** Waiting for a job: its progress for people, and what to do about one that is left alone. */
import { hasCode } from "@sluice/contracts/problem";
import type { Api } from "../api.ts";
import type { Cli } from "../cli.ts";
import { poll } from "../poll.ts";
import { CLEAR_LINE } from "../progress.ts";
import type { Job } from "../wire.ts";
import { countsText } from "./job-text.ts";

export interface FollowOptions {
  readonly cli: Pick<Cli, "stderr">;
  readonly api: Api;
  readonly signal: AbortSignal;
  /** What is said beside the answer is JSON too. */
  readonly isJson: boolean;
}

/**
 * Resolves with the job when it has ended. Ctrl-C leaves it running, and says how to follow and to stop it.
 * @throws CLI_INTERRUPTED (conflict)
 */
export async function followJob({ cli, api, signal, isJson }: FollowOptions, jobId: string): Promise<Job> {
  let job: Job | undefined;
  let shown = "";
  const show = (text: string): void => {
    if (cli.stderr.isTTY !== true || text === shown) return;
    cli.stderr.write(`${CLEAR_LINE}${text}`);
    shown = text;
  };
  try {
    await poll({ cli, signal, isJson }, async () => {
      const before = job?.seen ?? 0;
      job = await api.get<Job>(`/v1/jobs/${encodeURIComponent(jobId)}`);
      if (job.endedAt !== null) return "end";
      show(`${job.operation.type} … ${countsText(job, job.dryRun)}`);
      return job.seen > before ? "news" : "nothing";
    });
  } catch (error) {
    if (hasCode(error, "CLI_INTERRUPTED"))
      cli.stderr.write(
        `${shown === "" ? "" : "\n"}sluice: the job goes on without you; ` +
          `follow it with \`sluice jobs watch ${jobId}\`, stop it with \`sluice jobs stop ${jobId}\`\n`,
      );
    throw error;
  }
  if (shown !== "") cli.stderr.write(CLEAR_LINE);
  return job as Job;
}
