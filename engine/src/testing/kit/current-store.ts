import type { Store } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import { getRuns } from "../../stores/memory/load-runs.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import { project } from "../../stores/memory/project.ts";

/**
 * A store whose lists and counts lag behind nothing. Elsewhere they do by some 200 ms; here a test looks while time stands still, and would
 * never see them catch up.
 */
export function createCurrentStore(database: MemoryDatabase, engineId: string): Store {
  const store = createMemoryStore({ database, engineId });
  const catchUp = (): void => {
    const runs = getRuns(database, [...database.runs.keys()]);
    project(database, runs.map(toRunRow), []);
  };
  return {
    ...store,
    listRuns: (query) => {
      catchUp();
      return store.listRuns(query);
    },
    countStates: (flow) => {
      catchUp();
      return store.countStates(flow);
    },
  };
}
