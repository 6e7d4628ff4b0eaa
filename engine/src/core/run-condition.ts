/** What a run must still be like for a job to touch it: lists are a moment behind, and a run moves on by itself. */
import type { ParkReason, Run } from "./run.ts";

export interface RunCondition {
  readonly flow?: string;
  readonly flowVersion?: number;
  /** Runs of older versions than this one. */
  readonly flowVersionBelow?: number;
  readonly state?: string;
  readonly businessState?: string;
  readonly parked?: boolean;
  readonly parkReason?: ParkReason;
}

/** A run that has ended fits nothing. */
export function fitsCondition(run: Run, condition: RunCondition): boolean {
  const { flow, flowVersion, flowVersionBelow, state, businessState, parked, parkReason } = condition;
  return (
    run.outcome === null &&
    (flow === undefined || run.flow === flow) &&
    (flowVersion === undefined || run.flowVersion === flowVersion) &&
    (flowVersionBelow === undefined || run.flowVersion < flowVersionBelow) &&
    (state === undefined || run.state === state) &&
    (businessState === undefined || run.businessState === businessState) &&
    (parked === undefined || (run.parked !== null) === parked) &&
    (parkReason === undefined || run.parked === parkReason)
  );
}
