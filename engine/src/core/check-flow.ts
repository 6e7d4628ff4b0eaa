import { checkCommand } from "./check-command.ts";
import { checkCompensations } from "./check-compensation.ts";
import { checkMigrations } from "./check-migrations.ts";
import { checkKeys, checkKnown, checkName } from "./check-names.ts";
import { checkSchedule } from "./check-schedule.ts";
import { checkState } from "./check-state.ts";
import { checkBareTimer, checkTimer } from "./check-timers.ts";
import { checkWays } from "./check-ways.ts";
import { finding, named, THE_FLOW } from "./findings.ts";
import type { Finding, FindingCode } from "./findings.ts";
import { CANCELED, COMMAND_FAILED } from "./flow.ts";
import { undosOf } from "./flow-view.ts";
import type { FlowView, TextView } from "./flow-view.ts";
import { toPointer } from "./pointer.ts";
import { readFlow } from "./read-flow.ts";

/** The most states, events or commands of one flow. A larger one is several flows. */
export const NAMES_MAX = 1_000;

const FLOW_KEYS = [
  "$schema",
  "name",
  "version",
  "description",
  "data",
  "events",
  "channels",
  "commands",
  "businessStates",
  "initial",
  "deadline",
  "schedule",
  "migrations",
  "states",
];

/**
 * Finds what is wrong with a definition, all of it at once: errors and warnings, in the order of its parts. Takes any JSON without
 * throwing, and says nothing about what it cannot read: a value of the wrong type is found by the published JSON Schema.
 */
export function checkFlow(definition: unknown): readonly Finding[] {
  const flow = readFlow(definition);
  const tooMany = checkSizes(flow);
  if (tooMany.length > 0) return tooMany;
  return [
    ...checkKeys(THE_FLOW, flow.raw, FLOW_KEYS, ""),
    ...checkNames(flow),
    ...[...flow.commands].flatMap(([type, command]) => checkCommand(flow, type, command)),
    ...checkInitial(flow),
    ...(flow.deadline === null ? [] : checkTimer(flow, null, flow.deadline)),
    ...checkBareTimer(THE_FLOW, "flow-deadline", flow.raw["deadline"], "/deadline"),
    ...(flow.schedule === null ? [] : checkSchedule(flow, flow.schedule)),
    ...checkMigrations(flow),
    ...[...flow.states.values()].flatMap((state) => checkState(flow, state)),
    ...checkWays(flow),
    ...checkCompensations(flow),
    ...checkUse(flow),
  ];
}

/** Checked first and alone: the other checks compare names with names. */
function checkSizes(flow: FlowView): readonly Finding[] {
  const sizes = { states: flow.states.size, events: flow.events.size, commands: flow.commands.size };
  return Object.entries(sizes)
    .filter(([, size]) => size > NAMES_MAX)
    .map(([part, size]) =>
      finding("too-many", THE_FLOW, {
        path: `/${part}`,
        found: `has ${size} ${part}`,
        expected: `at most ${NAMES_MAX}`,
        hint: "make several flows of it",
      }),
    );
}

function checkNames(flow: FlowView): readonly Finding[] {
  return [
    ...(typeof flow.raw["name"] === "string" ? checkName(THE_FLOW, flow.name, "/name") : []),
    ...[...flow.events.keys()].flatMap((type) =>
      checkName(named("event", type), type, toPointer(["events", type])),
    ),
    ...[...flow.commands].flatMap(([type, { path }]) => checkName(named("command", type), type, path)),
    ...(flow.channels ?? []).flatMap(({ text, path }) => checkName(named("channel", text), text, path)),
    ...(flow.events.has(COMMAND_FAILED)
      ? [
          finding("bad-name", THE_FLOW, {
            path: toPointer(["events", COMMAND_FAILED]),
            found: `declares the event ${COMMAND_FAILED}`,
            expected: "a name that the engine does not use itself",
            hint: "remove it: any state may take that event without a declaration",
          }),
        ]
      : []),
  ];
}

function checkInitial(flow: FlowView): readonly Finding[] {
  const states = { names: flow.states, what: "the flow's states" };
  if (flow.initial === CANCELED && flow.states.has(CANCELED))
    return [
      finding("bad-initial", THE_FLOW, {
        path: "/initial",
        found: `begins in ${CANCELED}`,
        expected: "another state: that one is entered by runs that are canceled",
      }),
    ];
  return checkKnown("unknown-initial", THE_FLOW, "begins in", flow.initial, states, "/initial");
}

/** What is declared and never used: harmless to runs, and often the other half of a slip. */
function checkUse(flow: FlowView): readonly Finding[] {
  const states = [...flow.states.values()];
  const undoing = states.flatMap(undosOf).flatMap(({ send }) => send.map(({ type }) => type));
  const undone = undoing.flatMap((type) => flow.commands.get(type)?.answers ?? []).map(({ text }) => text);
  const taken = states.flatMap(({ on }) => on.map(({ event }) => event));
  const sent = states.flatMap(({ send, poll }) => [...send, ...(poll?.send ?? [])].map(({ type }) => type));
  const channels = [...flow.commands.values()].map(({ channel }) => channel);
  const businessStates = states.map(({ businessState }) => businessState);
  const events = [...flow.events.keys()].map((text) => ({ text, path: toPointer(["events", text]) }));
  const commands = [...flow.commands].map(([text, { path }]) => ({ text, path }));
  return [
    ...unused("unused-event", "event", events, [...taken, ...undone, COMMAND_FAILED], "is taken by no state"),
    ...unused("unused-command", "command", commands, [...sent, ...undoing], "is sent by no state"),
    ...unused("unused-channel", "channel", flow.channels ?? [], channels, "is used by no command"),
    ...unused(
      "unused-business-state",
      "business state",
      flow.businessStates ?? [],
      businessStates,
      "is that of no state",
    ),
  ];
}

function unused(
  code: FindingCode,
  sort: string,
  declared: readonly TextView[],
  uses: readonly (string | null)[],
  found: string,
): readonly Finding[] {
  const used = new Set(uses);
  return declared
    .filter(({ text }) => !used.has(text))
    .map(({ text, path }) =>
      finding(code, named(sort, text), { path, found, expected: "a use, or no declaration" }),
    );
}
