/** Child flows, held against the flows that they name: which outcomes there are, and that each means something. */
import { checkKnown } from "./check-names.ts";
import { finding, named } from "./findings.ts";
import type { Finding } from "./findings.ts";
import { CANCELED, COMMAND_FAILED } from "./flow.ts";
import { takes } from "./flow-view.ts";
import type { CommandView, FlowView } from "./flow-view.ts";
import { toPointer } from "./pointer.ts";
import { readFlow } from "./read-flow.ts";

/** The flows that a deployment serves, or some of them. */
export interface ServedDefinitions {
  /** Every version of each; a child is a run of the newest. */
  readonly flows: readonly unknown[];
  /** Whether there are no others, so that one that is not among them cannot be started. */
  readonly areAll: boolean;
}

/** What the other flows of a deployment find wrong with the child flows of one. All of it warnings: others may be deployed before it. */
export function checkChildren(definition: unknown, served: ServedDefinitions): readonly Finding[] {
  const flow = readFlow(definition);
  const newest = newestOf(served.flows);
  return [...flow.commands].flatMap(([type, command]) => {
    if (command.child === null) return [];
    const child = newest.get(command.child);
    if (child !== undefined) return checkOutcomes(flow, type, command, child);
    if (!served.areAll) return [];
    const known = { names: newest, what: "the flows that are served" };
    return checkKnown(
      "unknown-flow",
      named("command", type),
      "starts flow",
      command.child,
      known,
      `${command.path}/flow`,
    );
  });
}

function newestOf(definitions: readonly unknown[]): ReadonlyMap<string, FlowView> {
  const newest = new Map<string, FlowView>();
  for (const flow of definitions.map(readFlow)) {
    const other = newest.get(flow.name);
    if (other === undefined || versionOf(other) < versionOf(flow)) newest.set(flow.name, flow);
  }
  return newest;
}

function versionOf({ raw }: FlowView): number {
  return Number(raw["version"]);
}

function checkOutcomes(
  flow: FlowView,
  type: string,
  { path, outcomes, child: name }: CommandView,
  child: FlowView,
): readonly Finding[] {
  const place = named("command", type);
  const ends = new Set([...[...child.states.values()].flatMap(({ outcome }) => outcome ?? []), CANCELED]);
  const known = { names: ends, what: `the outcomes of ${name ?? ""} ${versionOf(child)}` };
  const at = `${path}/outcomes`;
  return [
    ...outcomes.flatMap((outcome) =>
      checkKnown("unknown-outcome", place, "names the outcome", outcome, known, at + toPointer([outcome])),
    ),
    ...[...ends]
      .filter((end) => end !== CANCELED && !outcomes.includes(end) && isParkedBy(flow, type))
      .map((end) =>
        finding("unlisted-outcome", place, {
          path: at,
          found: `does not list the outcome ${end} of ${name ?? ""}`,
          expected: `an event for it, or ${COMMAND_FAILED} under \`on\` wherever the command is sent`,
          hint: "a run whose child ends so would be parked",
        }),
      ),
  ];
}

/** Whether some state that sends the command does not take it when it fails, as one does whose outcome is not listed. */
function isParkedBy(flow: FlowView, type: string): boolean {
  return [...flow.states.values()].some(
    (state) => state.send.some((send) => send.type === type) && !takes(state, COMMAND_FAILED),
  );
}
