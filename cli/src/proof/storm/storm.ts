/** The act "storm": random flows under random faults, on the real engine and a real Postgres. */
import type { Act } from "../act.ts";
import { FAULT_KINDS } from "./faults/kinds.ts";
import { playStorms } from "./play-storms.ts";
import { openWorld } from "./world.ts";

const NAME = "storm";

export const storm: Act = {
  name: NAME,
  summary:
    "random flows, with a counter for each effect, while engines and Postgres die, freeze and run out of disk",
  weight: 5,
  kinds: FAULT_KINDS.map(({ name }) => name),
  play: (stage) => playStorms(stage, { name: NAME, kinds: FAULT_KINDS, open: openWorld }),
};
