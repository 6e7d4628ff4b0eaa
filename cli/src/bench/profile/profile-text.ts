/** A profile for people. */
import type { Style } from "../../style.ts";
import { renderTable } from "../../table.ts";
import { caseText } from "../case-text.ts";
import { percent, short, whole } from "../numbers.ts";
import type { ProcessProfile, Profile } from "./profile.ts";

export function profileText(
  { case: of, transitionsPerSecond, engine, participants, postgres }: Profile,
  style: Style,
): string {
  const groupTable = renderTable(
    postgres.groups,
    [
      { title: "postgres, cpu", cell: ({ group }) => group },
      { title: "microseconds", cell: (row) => us(row.us), align: "right" },
      { title: "share", cell: (row) => percent(row.us / postgres.cpuUs), align: "right" },
    ],
    style,
  );
  const statementTable = renderTable(
    postgres.statements,
    [
      { title: "statements, elapsed", cell: ({ what }) => what },
      { title: "calls", cell: ({ calls }) => whole(calls), align: "right" },
      { title: "plan", cell: ({ planUs }) => us(planUs), align: "right" },
      { title: "execute", cell: ({ executeUs }) => us(executeUs), align: "right" },
    ],
    style,
  );
  const waitTable = renderTable(
    postgres.waits,
    [
      { title: "writers' sessions wait for", cell: ({ what }) => what },
      { title: "share of the time", cell: ({ share }) => percent(share), align: "right" },
    ],
    style,
  );
  const { writeUs, fsyncUs, transitionsPerFsync } = postgres.wal;
  return `Profile of ${caseText(of)}: ${whole(transitionsPerSecond)} transitions/s while it was profiled. Microseconds are for one transition.

${processText("engine", engine, style)}
${participants === null ? "" : `${processText("participants", participants, style)}\n`}${groupTable}all of Postgres: ${us(postgres.cpuUs)} µs a transition

${statementTable}WAL: ${us(writeUs)} µs written, ${us(fsyncUs)} µs made durable, one fsync for ${whole(transitionsPerFsync)} transitions

${waitTable}`;
}

function us(value: number): string {
  return short(Math.round(10 * value) / 10);
}

function processText(
  title: string,
  { cpuUs, idleShare, parts, functions }: ProcessProfile,
  style: Style,
): string {
  const partTable = renderTable(
    parts,
    [
      { title, cell: ({ part }) => part },
      { title: "microseconds", cell: (row) => us(row.us), align: "right" },
      { title: "share", cell: (row) => percent(row.us / cpuUs), align: "right" },
    ],
    style,
  );
  const functionTable = renderTable(
    functions,
    [
      { title: "heaviest functions", cell: ({ name }) => name },
      { title: "part", cell: ({ part }) => part },
      { title: "microseconds", cell: (row) => us(row.us), align: "right" },
    ],
    style,
  );
  return `${partTable}all of the process: ${us(cpuUs)} µs a transition; its main thread was idle for ${percent(idleShare)} of the time

${functionTable}`;
}
