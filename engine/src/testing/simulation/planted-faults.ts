/**
 * Faults planted behind the ports, one for each way in which an engine or a store could break its word. A simulation that does not
 * find them would not find the real ones either.
 */
import type { CommandMessage, Json } from "@sluice/contracts/envelope";
import { digest } from "../../core/digest.ts";
import type { Operation } from "../../core/inputs.ts";
import type { Batch, BatchWrites, LoadedRun, SeenEvent, Store, Transport } from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { MemoryTransaction } from "../../stores/memory/memory-transaction.ts";
import { UNDO_PREFIX } from "./participant-ledger.ts";
import type { Profile } from "./profile.ts";
import type { Sabotage } from "./sabotage.ts";
import type { Violation } from "./violation.ts";

export interface PlantedFault {
  readonly name: string;
  readonly sabotage: Sabotage;
  /** A world in which the fault matters. @default that of the seed */
  readonly adapt?: (profile: Profile) => Profile;
  /** Promises of which at least one must be found broken. */
  readonly breaks: readonly Violation["promise"][];
}

/** Every batch reads the runs it needs. */
function withoutCache(profile: Profile): Profile {
  return { ...profile, options: { ...profile.options, cachedRunsMax: 0 } };
}

const DAY_MS = 86_400_000;

/** Strikes one in four, always the same. */
function strikes(id: string): boolean {
  return digest(id) % 4 === 0;
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: "a store without a fence",
    sabotage: changeCommits((writes, { lanes }) => ({
      ...writes,
      lanes: writes.lanes.map((step) => ({ ...step, ...pick(lanes[step.laneId]) })),
    })),
    breaks: ["I1", "I5"],
  },
  {
    name: "a store that forgets which events it has seen",
    sabotage: changeBatches((batch) => ({
      loadRuns: async (runIds) => (await batch.loadRuns(runIds)).map(({ run }) => ({ run, seen: new Map() })),
    })),
    breaks: ["I6"],
  },
  {
    name: "a store that confirms a commit and does not write it",
    sabotage: changeBatches((batch) => ({
      commit: (writes) =>
        strikes(`${writes.runs[0]?.runId}:${writes.runs[0]?.version}`)
          ? batch.rollback()
          : batch.commit(writes),
    })),
    breaks: ["I1", "I5", "I6"],
  },
  {
    name: "a store that loses commands",
    // Seen only where an owner dies with the command: else it is on its way from memory.
    sabotage: changeCommits((writes) => ({ ...writes, outbox: [] })),
    breaks: ["I3", "I4"],
  },
  {
    name: "a store that loses timers",
    sabotage: changeCommits((writes) => ({
      ...writes,
      timersSet: writes.timersSet.filter(({ runId, number }) => !strikes(`${runId}:${number}`)),
    })),
    breaks: ["I3", "I4"],
  },
  {
    name: "a store that writes effects though the batch is undone",
    sabotage: changeBatches((batch, { values }) => ({
      withTransaction: (work) => batch.withTransaction(() => work(writeThrough(values))),
    })),
    breaks: ["I2"],
  },
  {
    name: "a takeover that forgets what is unsettled",
    sabotage: changeStore((store) => ({
      claimLanes: async (claim) =>
        (await store.claimLanes(claim)).map((lane) => ({ ...lane, unpublished: [] })),
    })),
    breaks: ["I3", "I4"],
  },
  {
    name: "an inbox that loses rows",
    sabotage: changeStore((store) => ({
      appendInbox: (rows) => store.appendInbox(rows.filter(({ inboxId }) => !strikes(inboxId))),
    })),
    breaks: ["I6"],
  },
  {
    name: "a search projection that loses rows",
    sabotage: changeStore((store) => ({
      project: (rows, complete) =>
        store.project(
          rows.filter(({ runId, version }) => !strikes(`${runId}:${version}`)),
          complete,
        ),
    })),
    breaks: ["I4"],
  },
  {
    name: "a relay that drops commands",
    sabotage: changeSends((command) => (strikes(command.commandId) ? null : command)),
    breaks: ["I2"],
  },
  {
    name: "a relay that gives each attempt another body",
    sabotage: changeSends((command) => ({ ...command, data: { attempt: command.attempt } })),
    breaks: ["I2"],
  },
  {
    name: "a relay that does not say what an undo takes back",
    sabotage: changeSends(({ undoes: _, ...command }) => command),
    breaks: ["I2"],
  },
  {
    name: "a batch that hands each undo over twice",
    sabotage: {
      participant: (participant) => ({
        ...participant,
        handle: async (type, commands, ...rest) => {
          if (type.startsWith(UNDO_PREFIX)) await participant.handle(type, commands, ...rest);
          return participant.handle(type, commands, ...rest);
        },
      }),
    },
    breaks: ["I2"],
  },
  {
    name: "a store that forgets the steps of a run",
    sabotage: changeLoads((run) => ({ ...run, steps: [] })),
    adapt: withoutCache,
    breaks: ["I1"],
  },
  {
    name: "a store that remembers a step twice",
    sabotage: changeLoads((run) => ({ ...run, steps: [...run.steps, ...run.steps.slice(-1)] })),
    adapt: withoutCache,
    breaks: ["I1"],
  },
  {
    name: "a store that turns the order of an undo round",
    sabotage: changeLoads((run) => ({
      ...run,
      compensation: run.compensation && { ...run.compensation, steps: run.compensation.steps.toReversed() },
    })),
    adapt: withoutCache,
    breaks: ["I1"],
  },
  {
    name: "a store that forgets that steps are being taken back",
    sabotage: changeLoads((run) => ({ ...run, compensation: null })),
    adapt: withoutCache,
    breaks: ["I1", "I3"],
  },
  {
    name: "a child that tells its parent nothing",
    sabotage: changeLoads((run) => ({ ...run, parent: null })),
    adapt: withoutCache,
    breaks: ["I3"],
  },
  {
    name: "a child that goes on when its parent has left",
    // It seems to have been canceled already.
    sabotage: changeBatches((batch) => ({
      loadRuns: async (runIds) => (await batch.loadRuns(runIds)).map(withCancelSeen),
    })),
    adapt: withoutCache,
    breaks: ["I3"],
  },
  {
    name: "a store that loses dead letters",
    sabotage: changeCommits((writes) => ({
      ...writes,
      deadLetters: writes.deadLetters.filter(({ runId, version }) => !strikes(`${runId}:${version}`)),
    })),
    breaks: ["I3"],
  },
  {
    name: "a store that keeps dead letters that were taken in again",
    sabotage: changeCommits((writes) => ({ ...writes, deadLettersTaken: [] })),
    breaks: ["I3"],
  },
  {
    name: "a store that gives dead letters back in another order",
    sabotage: changeBatches((batch) => ({
      loadDeadLetters: async (runIds) => (await batch.loadDeadLetters(runIds)).toReversed(),
    })),
    breaks: ["I1"],
  },
  {
    name: "a history that does not say who operated",
    sabotage: changeCommits((writes) => ({
      ...writes,
      history: writes.history.map((row) => ({
        ...row,
        entries: row.entries.map(({ by: _, ...entry }) => entry),
      })),
    })),
    breaks: ["I6"],
  },
  {
    name: "a pause that is never lifted",
    sabotage: changeStore((store) => ({ removePause: (action) => store.addAction(action) })),
    breaks: ["I4"],
  },
  {
    name: "a job that nobody takes up",
    sabotage: changeStore(() => ({ listOpenJobs: () => Promise.resolve([]) })),
    breaks: ["I4"],
  },
  {
    name: "a schedule that misses a time",
    sabotage: changeStore((store) => ({
      listSchedules: async () =>
        (await store.listSchedules()).map((row) => ({ ...row, lastDueAtMs: row.lastDueAtMs + 1_000 })),
    })),
    breaks: ["I4"],
  },
  {
    name: "a schedule that makes up for what was before it",
    sabotage: changeStore((store) => ({
      listSchedules: async () =>
        (await store.listSchedules()).map((row) => ({ ...row, lastDueAtMs: row.lastDueAtMs - 3 * DAY_MS })),
    })),
    breaks: ["I6"],
  },
  {
    name: "a schedule by the clock of another time zone",
    sabotage: { dueTimes: (list) => (schedule, span) => list({ ...schedule, timeZone: "UTC" }, span) },
    breaks: ["I4", "I6"],
  },
  {
    name: "a relay that sends before the commit",
    sabotage: changeSends((command) => ({ ...command, commandId: `${command.runId}:0:0` })),
    breaks: ["I2"],
  },
];

// ---------------------------------------------------------------- how they are planted

function changeStore(change: (store: Store, database: MemoryDatabase) => Partial<Store>): Sabotage {
  return { store: (store, database) => ({ ...store, ...change(store, database) }) };
}

function changeBatches(change: (batch: Batch, database: MemoryDatabase) => Partial<Batch>): Sabotage {
  return changeStore((store, database) => ({
    openWriter: async (name) => {
      const writer = await store.openWriter(name);
      return {
        close: () => writer.close(),
        openBatch: () => {
          const batch = writer.openBatch();
          return { ...batch, ...change(batch, database) };
        },
      };
    },
  }));
}

/** Changes what an owner reads of a run that it does not hold in memory. */
function changeLoads(change: (run: Run) => Run): Sabotage {
  return changeBatches((batch) => ({
    loadRuns: async (runIds) =>
      (await batch.loadRuns(runIds)).map(({ run, seen }) => ({ run: change(run), seen })),
  }));
}

function withCancelSeen({ run, seen }: LoadedRun): LoadedRun {
  const cancel: Operation = { type: "cancel", compensate: true };
  const before: SeenEvent = {
    version: run.version,
    digest: digest(JSON.stringify(cancel)),
    outcome: "applied",
  };
  return { run, seen: new Map([...seen, [`left:${run.parent?.commandId}`, before]]) };
}

function changeCommits(change: (writes: BatchWrites, database: MemoryDatabase) => BatchWrites): Sabotage {
  return changeBatches((batch, database) => ({ commit: (writes) => batch.commit(change(writes, database)) }));
}

/** Changes what leaves; a command that becomes null is confirmed and never sent. */
function changeSends(change: (command: CommandMessage) => CommandMessage | null): Sabotage {
  return {
    transport: (transport: Transport): Transport => ({
      ...transport,
      send: async (commands, signal) => {
        const changed = commands.map(change);
        const left = changed.filter((command) => command !== null);
        const settlements = left.length === 0 ? [] : [...(await transport.send(left, signal))];
        return changed.map((command) =>
          command === null ? { type: "delivered" } : settlements.shift(),
        ) as Awaited<ReturnType<Transport["send"]>>;
      },
    }),
  };
}

function pick(lane: MemoryDatabase["lanes"][number] | undefined): { epoch?: number; batchNumber?: number } {
  return lane === undefined ? {} : { epoch: lane.epoch, batchNumber: lane.batchNumber };
}

/** The participants' tables without a transaction around them. */
function writeThrough(values: Map<string, string>): MemoryTransaction {
  const get = (key: string): Json | undefined => {
    const text = values.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  };
  const set = (key: string, value: Json): void => void values.set(key, JSON.stringify(value));
  return {
    get,
    set,
    delete: (key) => void values.delete(key),
    increment: (key, by = 1) => {
      const sum = Number(get(key) ?? 0) + by;
      set(key, sum);
      return sum;
    },
  };
}
