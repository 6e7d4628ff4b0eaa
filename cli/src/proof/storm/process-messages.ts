/** What a process with an engine and the proof tell each other. */

export interface EngineConfig {
  readonly seed: number;
  readonly name: string;
  readonly serves: "first" | "all";
  readonly databaseUrl: string;
  readonly port: number;
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
  /** Stronger than what the seed says. @default none */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Its remote participants are behind HTTP. */
export interface HttpEngineConfig extends EngineConfig {
  readonly participantsUrl: string;
}

export type FromEngine =
  | { readonly type: "ready"; readonly engineId: string }
  /** It stops itself now, with a batch's transaction open. */
  | { readonly type: "freezing" }
  /** It has sent so many commands of before once more. */
  | { readonly type: "repeated"; readonly messages: number };

export type ToEngine =
  /** Stop yourself (SIGSTOP) within the next transaction that carries out commands. */
  | { readonly type: "freeze-in-transaction" }
  /** Send commands of before once more, where they go over a broker. */
  | { readonly type: "repeat" };

export interface ParticipantsConfig {
  readonly seed: number;
  readonly databaseUrl: string;
  readonly port: number;
  readonly engineUrls: readonly string[];
}
