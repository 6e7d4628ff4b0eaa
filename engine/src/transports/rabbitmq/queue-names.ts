import { laneOf } from "../../core/lane.ts";

/** The queues of a service. */
export interface QueueNames {
  readonly commands: string;
  /** What the service says to runs; which of them is a matter of the run. */
  readonly events: readonly string[];
  readonly deadLetters: string;
}

export function queuesOf(service: string, eventQueues: number): QueueNames {
  return {
    commands: `${service}.commands`,
    events: Array.from({ length: eventQueues }, (_, number) => `${service}.events.${number}`),
    deadLetters: `${service}.dead-letters`,
  };
}

/** The event queue of a run: always the same, so that what is said to it stays in order. */
export function eventQueueOf({ events }: QueueNames, runId: string): string {
  const name = events[laneOf(runId, events.length)];
  if (name === undefined) throw new RangeError("a service has at least one event queue");
  return name;
}
