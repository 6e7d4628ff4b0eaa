/** What a proof has found, as data and as people read it. */
import { formatDuration } from "../durations.ts";
import { tame } from "../style.ts";
import type { Style } from "../style.ts";
import { renderPairs, renderTable } from "../table.ts";
import type { Verdict } from "./act.ts";
import { distributionOf } from "./distribution.ts";
import type { Distribution } from "./distribution.ts";

export interface ProofResult {
  /** Something was played to its end, and no promise was broken. */
  readonly isProved: boolean;
  readonly isInterrupted: boolean;
  readonly seed: number;
  readonly engines: number;
  readonly tookMs: number;
  readonly breaches: readonly { readonly act: string; readonly promise: string; readonly message: string }[];
  readonly acts: readonly ActResult[];
  /** How to see it again; null when nothing was found. */
  readonly replay: string | null;
  /** The folder with databases and logs; null when it is gone. */
  readonly evidence: string | null;
}

export interface ActResult {
  readonly act: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: readonly {
    readonly kind: string;
    readonly times: number;
    readonly recoveryMs: Distribution | null;
  }[];
  readonly takeoverMs: Distribution | null;
  readonly skipped: readonly string[];
}

export function toProofResult(
  verdicts: readonly Verdict[],
  context: Pick<ProofResult, "seed" | "engines" | "tookMs" | "isInterrupted" | "evidence">,
): ProofResult {
  const breaches = verdicts.flatMap((verdict) =>
    verdict.breaches.map(({ promise, message }) => ({ act: verdict.act, promise, message })),
  );
  const failed = verdicts.find(({ replay }) => replay !== null);
  return {
    isProved:
      breaches.length === 0 && !context.isInterrupted && verdicts.some(({ isLeftOut = false }) => !isLeftOut),
    ...context,
    breaches,
    acts: verdicts.map(({ act, counts, faults, takeoverMs, skipped }) => ({
      act,
      counts,
      faults: faults.map((fault) => ({ ...fault, recoveryMs: distributionOf(fault.recoveryMs) })),
      takeoverMs: distributionOf(takeoverMs),
      skipped,
    })),
    replay:
      failed === undefined
        ? null
        : `sluice proof --acts ${failed.act} --engines ${context.engines} ${failed.replay}`,
  };
}

export function verdictText(result: ProofResult, style: Style): string {
  const acts = result.acts.map((act) => actText(act, style));
  const breaches = result.breaches.map(
    ({ act, promise, message }) => `${style.bad(promise)}  ${act}: ${tame(message)}\n`,
  );
  return `${acts.join("\n")}\n${breaches.join("")}${lastLine(result, style)}\n`;
}

function actText({ act, counts, faults, takeoverMs, skipped }: ActResult, style: Style): string {
  const table = renderTable(
    faults,
    [
      { title: "fault", cell: ({ kind }) => kind },
      { title: "times", cell: ({ times }) => whole(times), align: "right" },
      { title: "all lanes again p50", cell: (row) => msOf(row.recoveryMs?.p50), align: "right" },
      { title: "p99", cell: (row) => msOf(row.recoveryMs?.p99), align: "right" },
      { title: "max", cell: (row) => msOf(row.recoveryMs?.max), align: "right" },
    ],
    style,
  );
  const pairs = Object.entries(counts).map(([name, count]) => [name, whole(count)] as const);
  const takeover =
    takeoverMs === null
      ? []
      : [
          [
            "takeover of a lane",
            `p50 ${msOf(takeoverMs.p50)}, p90 ${msOf(takeoverMs.p90)}, p99 ${msOf(takeoverMs.p99)}, max ${msOf(takeoverMs.max)}, of ${takeoverMs.count}`,
          ] as const,
        ];
  const left = skipped.map((line) => `${style.warn("skipped")}  ${tame(line)}\n`).join("");
  return `${style.bold(act)}\n${faults.length > 0 ? `${table}\n` : ""}${renderPairs([...pairs, ...takeover], style)}${left}`;
}

function lastLine(
  { isProved, isInterrupted, seed, breaches, tookMs, ...rest }: ProofResult,
  style: Style,
): string {
  const took = formatDuration(tookMs);
  if (isProved) return `${style.good("PROVED")}  seed ${seed}, ${took}: every promise was kept`;
  if (breaches.length === 0 && !isInterrupted)
    return `${style.warn("SKIPPED")}  seed ${seed}, ${took}: nothing of it can be played here, so nothing is shown`;
  if (breaches.length === 0)
    return `${style.warn("INTERRUPTED")}  seed ${seed}, ${took}: no promise was broken so far`;
  const again = rest.replay === null ? "" : `; again: ${rest.replay}`;
  const broken = breaches.length === 1 ? "a promise is" : `${breaches.length} promises are`;
  const when = isInterrupted ? `${took}, interrupted` : took;
  return `${style.bad("BROKEN")}  seed ${seed}, ${when}: ${broken} broken; evidence: ${rest.evidence}${again}`;
}

function msOf(ms: number | undefined): string {
  return ms === undefined ? "-" : `${whole(ms)} ms`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
