import type { CompiledFlow } from "../core/compile-flow.ts";

/** The flows a deployment serves: every version that runs are pinned to, and the newest, which new runs take. */
export class FlowRegistry {
  readonly #versions = new Map<string, CompiledFlow>();
  readonly #newest = new Map<string, CompiledFlow>();

  constructor(flows: readonly CompiledFlow[]) {
    for (const flow of flows) {
      this.#versions.set(`${flow.name}@${flow.version}`, flow);
      const newest = this.#newest.get(flow.name);
      if (newest === undefined || newest.version < flow.version) this.#newest.set(flow.name, flow);
    }
  }

  get(name: string, version: number): CompiledFlow | undefined {
    return this.#versions.get(`${name}@${version}`);
  }

  get newest(): ReadonlyMap<string, CompiledFlow> {
    return this.#newest;
  }

  /** All versions of a flow, oldest first. */
  versionsOf(name: string): readonly CompiledFlow[] {
    return this.all.filter((flow) => flow.name === name).sort((a, b) => a.version - b.version);
  }

  get all(): readonly CompiledFlow[] {
    return [...this.#versions.values()];
  }
}
