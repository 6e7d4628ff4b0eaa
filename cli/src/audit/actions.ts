/** What `sluice audit --actions` does: a page of what operators did, as the server keeps it. */
import { printJson } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { apiOf } from "../command.ts";
import type { JsonOption, ServerOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { countsText, filterText } from "../operate/job-text.ts";
import { pausedText } from "../operate/pause-text.ts";
import { pageText } from "../page-text.ts";
import { tame } from "../style.ts";
import type { Column } from "../table.ts";
import type { AuditEntry, Page } from "../wire.ts";

export interface ActionsFlags extends JsonOption, ServerOption {
  readonly kind?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const LIMIT_DEFAULT = 20;

export async function listActions(cli: Cli, flags: ActionsFlags): Promise<ExitCode> {
  const { kind, limit = LIMIT_DEFAULT, cursor } = flags;
  const page = await apiOf(flags, cli).get<Page<AuditEntry>>("/v1/audit", { kind, limit, cursor });
  if (flags.json === true) printJson(cli, page);
  else {
    const none = `nobody has done anything${kind === undefined ? "" : ` of the kind ${kind}`}`;
    cli.stdout.write(pageText(page, { columns: COLUMNS, none, row: "action" }, cli));
  }
  return EXIT.ok;
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { title: "when", cell: ({ askedAt }) => tame(askedAt) },
  { title: "who", cell: ({ by }) => tame(by) },
  { title: "what", cell: ({ kind, subject }) => tame(isDryRun(subject) ? `${kind} (dry run)` : kind) },
  { title: "to", cell: ({ subject }) => subjectText(subject) },
  {
    title: "how many",
    cell: ({ runs, subject }) => (runs === null ? "-" : countsText(runs, isDryRun(subject))),
  },
  { title: "why", cell: ({ reason }) => tame(reason ?? "-") },
];

function isDryRun({ dryRun }: AuditEntry["subject"]): boolean {
  return dryRun === true;
}

/** The run, the filter, what was paused, or whatever else it was about. */
function subjectText(subject: AuditEntry["subject"]): string {
  const { runId, filter, operation: _, ...rest } = subject;
  if (typeof runId === "string") return tame(runId);
  if (isPaused(subject)) return pausedText(toPaused(subject));
  const named = Object.entries(typeof filter === "object" && filter !== null ? filter : rest);
  return tame(filterText(Object.fromEntries(named.filter(([, value]) => value !== ""))));
}

/** What was paused or resumed, as it is kept. */
interface KeptPaused {
  readonly flow: string;
  readonly scope: string;
  readonly name: string;
}

function isPaused(subject: object): subject is KeptPaused {
  return "scope" in subject && "flow" in subject && "name" in subject;
}

function toPaused({ flow, scope, name }: KeptPaused): Parameters<typeof pausedText>[0] {
  return { flow, state: scope === "state" ? name : null, command: scope === "command" ? name : null };
}
