import type { SimulationResult } from "./simulate.ts";

/** What a failed seed has to say: how to play it again, what was broken, and the last steps before it. */
export function formatResult({
  seed,
  violations,
  trace,
  steps,
  virtualMs,
  traceHash,
}: SimulationResult): string {
  return [
    `seed ${seed} broke ${violations.length} promises in ${steps} steps and ${virtualMs} virtual ms (trace ${traceHash});`,
    `play it again, step by step, with SLUICE_SIM_SEED=${seed}`,
    ...violations.map(({ promise, message }) => `  ${promise}: ${message}`),
    "the last steps:",
    ...trace,
  ].join("\n");
}
