import type { Random } from "@sluice/engine/random-flows";
import type { World } from "../world.ts";

/** A way in which a world goes wrong. */
export interface FaultKind<Struckable extends World = World> {
  readonly name: string;
  /** Why it cannot be had here; null where it can. */
  unavailable?(world: Struckable): string | null;
  /** Makes it happen. @throws when it could not be made to happen, which is a breach of something else */
  strike(world: Struckable, random: Random): Promise<Struck>;
}

/** What has happened, and how it ends. */
export interface Struck {
  /** When, by `performance.now`. */
  readonly atMs: number;
  /** Lanes whose owner is away, and that others have to take over meanwhile. */
  readonly lanes: readonly number[];
  /** Puts things right, where they do not put themselves right. */
  end(): Promise<void>;
}

/** Nothing to take over, nothing to put right. */
export function struck(): Struck {
  return { atMs: performance.now(), lanes: [], end: async () => {} };
}
