import assert from "node:assert/strict";
import { test } from "node:test";
import { sumOf } from "./metrics.ts";

const METRICS = `# HELP sluice_transitions_total Entries into a state.
# TYPE sluice_transitions_total counter
sluice_transitions_total{flow="purchase",from="",to="order-created"} 12
sluice_transitions_total{flow="purchase",from="paid",to="ticketed"} 3
sluice_transitions_total{flow="nightly-report",from="",to="writing"} 1
sluice_transitions_total_created{flow="purchase"} 99
sluice_refused_inputs_total 4
`;

test("a counter is summed over its labels, or over those that are asked for", () => {
  assert.equal(sumOf(METRICS, "sluice_transitions_total"), 16);
  assert.equal(sumOf(METRICS, "sluice_transitions_total", 'flow="purchase"'), 15);
  assert.equal(sumOf(METRICS, "sluice_refused_inputs_total"), 4);
  assert.equal(sumOf(METRICS, "sluice_refused"), 0);
});
