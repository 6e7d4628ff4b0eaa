import type { Violation } from "@sluice/engine/random-flows";

/** What breaks a promise, kept as a change of the source, and how the proof finds it. */
export interface Defect {
  readonly name: string;
  /** One sentence without a full stop. */
  readonly summary: string;
  readonly edits: readonly Edit[];
  /** It is found for the right reason when a breach of this promise speaks of this. */
  readonly promise: Violation["promise"];
  readonly words: RegExp;
  /** Arguments of `sluice proof` that find it soon. */
  readonly args: readonly string[];
  /** The slice that all tests play leaves it out, for it takes its time. */
  readonly isLong: boolean;
}

/** A place in the source, by what stands there and nowhere else in its file, and what stands there instead. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly found: string;
  readonly planted: string;
}
