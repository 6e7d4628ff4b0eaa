/** Transports side by side, for people. */
import { styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import type { Style } from "../../style.ts";
import { renderTable } from "../../table.ts";
import { percent, short, whole } from "../numbers.ts";
import { profileText } from "../profile/profile-text.ts";
import { auditText, conditionsText, goalsText, right, skippedText } from "../report.ts";
import type { Cell } from "../report.ts";
import { MESSAGES_PER_RUN } from "./cases.ts";
import { PROCESSES, coresOf, cpuPer1000 } from "./cores.ts";
import type { ClientRow } from "./measure-transports.ts";
import type { TransportsResult } from "./result.ts";

export function transportsText(cli: Cli, result: TransportsResult): string {
  const style = styleOf(cli);
  const { rows, clients } = result;
  const parts = [
    rows.length === 0 ? "" : `${renderTable(rows, columnsOf(clients), style)}${LEGEND}`,
    clientsText(clients, style),
    result.profile === null ? "" : profileText(result.profile, style),
    skippedText(result),
    goalsText(result.goals, style),
    conditionsText(result.conditions),
    auditText(result, style),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function columnsOf(clients: readonly ClientRow[]): Cell[] {
  return [
    { title: "transport", cell: ({ participants }) => participants },
    right("in flight", ({ inFlight }) => whole(inFlight)),
    right("flows/s", ({ runsPerSecond }) => whole(runsPerSecond)),
    right("transitions/s", ({ transitionsPerSecond }) => whole(transitionsPerSecond)),
    right("of client", ({ participants, runsPerSecond }) => {
      const client = clients.find(({ broker }) => broker === participants);
      return percent(
        client === undefined ? null : (MESSAGES_PER_RUN * runsPerSecond) / client.throughPerSecond,
      );
    }),
    right("p50 ms", ({ p50Ms }) => short(p50Ms)),
    right("p99 ms", ({ p99Ms }) => short(p99Ms)),
    right("CPU s/1000", ({ subjectCpuPer1000 }) => short(subjectCpuPer1000)),
    ...PROCESSES.slice(1).map((process) => right(process, (row) => short(cpuPer1000(process, row)))),
    right("cores", (row) => coresText(row)),
    right("others", ({ othersCores }) => short(othersCores)),
  ];
}

function coresText(row: Parameters<typeof coresOf>[0]): string {
  return coresOf(row)
    .map(({ cores }) => (cores === null ? "?" : cores.toFixed(2)))
    .join(" ");
}

const LEGEND =
  "A flow of three steps is six messages and four transitions. p50 and p99 count from the planned start of a run. CPU seconds are for 1,000 transitions:\n" +
  "of the engine, of Postgres, of the broker, of the participants. Cores: what each of these four kept busy. Of client: the messages, of those that\n" +
  "the bare client writes and reads. Others: how many cores other programs kept busy.\n";

function clientsText(clients: readonly ClientRow[], style: Style): string {
  if (clients.length === 0) return "";
  return renderTable(
    clients,
    [
      { title: "client alone", cell: ({ broker, version }) => `${broker} ${version}` },
      { title: "written/s", cell: ({ producedPerSecond }) => whole(producedPerSecond), align: "right" },
      { title: "read/s", cell: ({ consumedPerSecond }) => whole(consumedPerSecond), align: "right" },
      { title: "both/s", cell: ({ throughPerSecond }) => whole(throughPerSecond), align: "right" },
    ],
    style,
  );
}
