/** What a process with an engine and the acts that strike at points tell each other. */

export interface PointEngineConfig {
  readonly seed: number;
  readonly name: string;
  /** Of the participants' tables. */
  readonly databaseUrl: string;
  /** The same database on the way that the engine takes. */
  readonly storeUrl: string;
  /** Where the participants of the channel `remote` are. */
  readonly participantsUrl: string;
  readonly port: number;
  readonly url: string;
}

export type ToPointEngine =
  /** Begin: until then the process has loaded everything and does nothing. */
  | { readonly type: "serve" }
  /** Count calls from zero, and die at this one; null: at none. */
  | { readonly type: "arm"; readonly nth: number | null }
  | { readonly type: "tell-calls" };

export type FromPointEngine =
  | { readonly type: "ready" }
  | { readonly type: "serving" }
  | { readonly type: "armed" }
  /** What was called since it was armed, in order: `before commit`. */
  | { readonly type: "calls"; readonly calls: readonly string[] };
