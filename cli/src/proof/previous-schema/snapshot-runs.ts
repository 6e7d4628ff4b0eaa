/** The runs of a snapshot: what the maker leaves them in, and whoever finishes them finds them in. */
import { GAVE_UP, PURCHASE, RECEIVED } from "../points/purchase-flow.ts";

/** Decides what participants answer, in the former schema and in this one. */
export const SNAPSHOT_SEED = 1;

export type Plight =
  /** Told that it is received, and a timer waits in a state that stands still. */
  | "settling"
  /** Its command is out, and nobody has answered. */
  | "charging"
  | "shipping"
  | "waiting"
  /** Parked, since its command was refused; somebody has told it something, which waits behind that. */
  | "refused"
  /** Given up, and the undo of a step is out. */
  | "taking-back"
  | "bought";

/** What each is told before the snapshot is taken; null: nothing. */
export const TOLD: Readonly<Record<Plight, string | null>> = {
  settling: RECEIVED,
  charging: null,
  shipping: null,
  waiting: null,
  refused: RECEIVED,
  "taking-back": GAVE_UP,
  bought: RECEIVED,
};

const RUNS_OF_EACH = 3;

export interface SnapshotRun {
  readonly plight: Plight;
  /** What its start said. */
  readonly wish: {
    readonly flow: string;
    readonly key: string;
    readonly idempotencyKey: string;
    readonly data: { readonly tag: string; readonly n: number };
  };
}

export const SNAPSHOT_RUNS: readonly SnapshotRun[] = (Object.keys(TOLD) as Plight[]).flatMap((plight) =>
  Array.from({ length: RUNS_OF_EACH }, (_, nth) => {
    const tag = `${plight} ${nth + 1}`;
    return {
      plight,
      wish: { flow: PURCHASE, key: tag, idempotencyKey: `i ${tag}`, data: { tag, n: nth } },
    };
  }),
);

/** By what a start has said. */
export function plightOf(data: unknown): Plight | undefined {
  const { tag } = data as { readonly tag?: unknown };
  return SNAPSHOT_RUNS.find(({ wish }) => wish.data.tag === tag)?.plight;
}
