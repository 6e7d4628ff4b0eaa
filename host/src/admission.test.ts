import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { createAdmission } from "./admission.ts";

test("admits as many as there are places and again when one is given back", () => {
  const admission = createAdmission({ requestsInFlightMax: 2, retryAfterMs: 1500 });
  admission.enter();
  admission.enter();
  assert.throws(
    () => admission.enter(),
    (error: Error & { readonly retryAfterMs?: number }) =>
      hasCode(error, "HOST_OVERLOADED") && error.retryAfterMs === 1500,
  );
  assert.equal(admission.inFlight, 2);
  admission.leave();
  admission.enter();
  assert.equal(admission.inFlight, 2);
});
