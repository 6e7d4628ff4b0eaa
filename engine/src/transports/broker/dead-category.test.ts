import assert from "node:assert/strict";
import { test } from "node:test";
import { categoryOf } from "./dead-category.ts";

test("each reason of a dead letter has its category", () => {
  const rows = {
    "too-large": "unreadable",
    "no-id": "unreadable",
    FLOW_UNKNOWN_RUN: "refused",
    "no-reply-queue": "unanswerable",
    "deliveries-exhausted": "exhausted",
    toString: "other",
    "sold-out": "other",
  };
  for (const [reason, category] of Object.entries(rows)) assert.equal(categoryOf(reason), category);
});
