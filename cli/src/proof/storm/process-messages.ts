/** What a process with an engine and the proof tell each other. */

export interface EngineConfig {
  readonly seed: number;
  readonly name: string;
  readonly serves: "first" | "all";
  readonly databaseUrl: string;
  readonly participantsUrl: string;
  readonly port: number;
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
}

export type FromEngine =
  | { readonly type: "ready"; readonly engineId: string }
  /** It stops itself now, with a batch's transaction open. */
  | { readonly type: "freezing" };

/** Stop yourself (SIGSTOP) within the next transaction that carries out commands. */
export interface ToEngine {
  readonly type: "freeze-in-transaction";
}

export interface ParticipantsConfig {
  readonly seed: number;
  readonly databaseUrl: string;
  readonly port: number;
  readonly engineUrls: readonly string[];
}
