/** Which pauses stand in the way of what: so that who looks at a run that does not move is told why. */
import type { Client } from "../../../client/client.ts";
import type { Operator } from "../../../client/operator.ts";
import type { PauseRow } from "../../../core/ports.ts";
import type { Run } from "../../../core/run.ts";
import { createRecent } from "../recent.ts";

/** A pause that is made or lifted by another process is shown so late at the most. */
const PAUSES_MS = 1_000;

export interface StandingPauses {
  /** Of a flow, its states and its command types. */
  ofFlow(flow: string): Promise<readonly PauseRow[]>;
  /** Those that hold a run back; none for one that has ended. */
  ofRun(run: Run): Promise<readonly PauseRow[]>;
  /** Shows what was paused or resumed here at once. */
  forget(): void;
}

export function createStandingPauses(
  operator: Pick<Operator, "listPauses">,
  client: Pick<Client, "versionsOf">,
): StandingPauses {
  const recent = createRecent(() => operator.listPauses(), PAUSES_MS);
  return {
    ofFlow: async (flow) => (await recent.get()).filter((pause) => pause.flow === flow),
    async ofRun(run) {
      const pauses = run.outcome === null ? await recent.get() : [];
      return pauses.length === 0 ? [] : pauses.filter((pause) => holds(pause, run, client));
    },
    forget: recent.forget,
  };
}

/** As the engine keeps back: the run's flow, its state, or a command of it; and of a child to be started, that one's flow. */
function holds({ flow, scope, name }: PauseRow, run: Run, client: Pick<Client, "versionsOf">): boolean {
  if (scope === "flow") return flow === run.flow || childFlowsOf(run, client).includes(flow);
  if (flow !== run.flow) return false;
  return scope === "state" ? name === run.state : run.commands.some(({ type }) => type === name);
}

/** The flows of the children that the run is about to start. */
function childFlowsOf(
  { flow, flowVersion, commands }: Run,
  client: Pick<Client, "versionsOf">,
): readonly (string | undefined)[] {
  const version = client.versionsOf(flow).find((each) => each.version === flowVersion);
  return commands
    .filter(({ childId }) => childId === undefined)
    .map(({ type }) => version?.commands.get(type)?.child?.flow);
}
