/**
 * A subject is what is measured: the engine, a peer, or participants, in a process of its own, so that its CPU time and its memory are its own.
 * The benchmark talks to it over Node's channel between parent and child.
 */
import type { Load, LoadResult, RunOnce } from "../load/load.ts";
import type { CpuProfile } from "../profile/cpu-profile.ts";

/** What a process has used since it began. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** A subject within its own process. */
export interface Subject {
  /** Where it takes requests; null when it is asked within its process alone. */
  readonly url: string | null;
  /** One run, asked for as a program asks that has the subject as its library; `null` of participants, whom an engine asks. */
  readonly runOnce: RunOnce | null;
  close(): Promise<void>;
}

export interface LoadRequest {
  readonly load: Load;
  readonly isProfiled: boolean;
}

export interface LoadAnswer {
  readonly result: LoadResult;
  /** Of the window, when it was asked for. */
  readonly profile: CpuProfile | null;
}

export type Request =
  | { readonly ask: "open"; readonly config: unknown }
  | ({ readonly ask: "load" } & LoadRequest)
  | { readonly ask: "abort" }
  | { readonly ask: "usage" }
  /** Profiles its process until it is asked for the profile. */
  | { readonly ask: "start-profile" }
  | { readonly ask: "profile" }
  | { readonly ask: "close" };

/** What the child sends: an answer to a request, or the news that the window of a load opened or closed. */
export type Message =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string | null } }
  | { readonly window: "opened" | "closed"; readonly usage: Usage };
