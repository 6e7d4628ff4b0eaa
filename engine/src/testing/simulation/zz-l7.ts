import { simulate } from "./simulate.ts";
import { withoutFaults } from "./profile.ts";
Error.stackTraceLimit = 0;
const want = ["step undone","compensated and ended","joined any","losers taken back","child started","child left and canceled","canceled with compensation","migrated","step of an event undone"] as const;
for (let seed = 1; seed <= 6000; seed++) {
  const { calls, coverage } = await simulate(seed, { adapt: withoutFaults });
  if (calls < 900 && want.every((kind) => coverage.of(kind) > 0)) console.log(seed, calls);
}
