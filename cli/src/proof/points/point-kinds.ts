/** What can happen at a point, and which points a purchase passes. */
import type { PointWorld } from "./point-world.ts";
import type { WirePlace } from "./wire.ts";

/** What one purchase passes when nothing goes wrong. */
export interface Passed {
  readonly calls: readonly string[];
  readonly messages: ReadonlyMap<WirePlace, number>;
}

export interface Point {
  readonly kind: PointKind;
  /** For people: `message 17 that the writer hears`. */
  readonly name: string;
  /** Makes it happen there, once. */
  arm(world: PointWorld): Promise<Armed>;
}

export interface Armed {
  /** Resolves when it has happened and what it does to the engine is over. */
  readonly struck: Promise<void>;
  /** It is not to happen any more; where it has begun it is waited for. */
  disarm(): Promise<void>;
}

export interface PointKind {
  readonly name: string;
  /** Whether another process has to go on. */
  readonly isFatal: boolean;
  list(passed: Passed): readonly Point[];
}

export const killedAtCall: PointKind = {
  name: "engine killed at a call",
  isFatal: true,
  list: ({ calls }) =>
    calls.map((call, at) => ({
      kind: killedAtCall,
      name: `call ${at + 1}, ${call}`,
      async arm({ engines }) {
        const { gone } = await engines.armCall(at + 1);
        return { struck: gone, disarm: async () => void (await engines.armCall(null)) };
      },
    })),
};

export const killedAtMessage: PointKind = {
  name: "engine killed at a message",
  isFatal: true,
  list: (passed) =>
    listMessages(killedAtMessage, ["writer asks", "writer hears"], passed, ({ engines }) => engines.kill()),
};

export const cutAtMessage: PointKind = {
  name: "connection cut at a message",
  isFatal: false,
  list: (passed) =>
    listMessages(
      cutAtMessage,
      ["writer asks", "writer hears", "pool asks", "pool hears"],
      passed,
      async () => {},
    ),
};

function listMessages(
  kind: PointKind,
  places: readonly WirePlace[],
  { messages }: Passed,
  strike: (world: PointWorld) => Promise<void>,
): readonly Point[] {
  return places.flatMap((place) =>
    Array.from({ length: messages.get(place) ?? 0 }, (_, at) => ({
      kind,
      name: `${place}, message ${at + 1}`,
      arm: async (world: PointWorld) => {
        const { promise: struck, resolve, reject } = Promise.withResolvers<void>();
        let isStriking = false;
        world.wire.arm({ place, nth: at + 1 }, () => {
          isStriking = true;
          strike(world).then(resolve, reject);
        });
        const disarm = async (): Promise<void> => {
          world.wire.disarm();
          if (isStriking) await struck;
        };
        return { struck, disarm };
      },
    })),
  );
}
