import { engineError } from "../../../core/errors.ts";

/**
 * A time of the format `date-time` in ms. The format also knows leap seconds, which no clock here does.
 * @throws FLOW_BAD_QUERY (invalid)
 */
export function parseUpdatedSince(updatedSince: string): number {
  const ms = Date.parse(updatedSince);
  if (Number.isFinite(ms)) return ms;
  throw engineError(
    "FLOW_BAD_QUERY",
    `updatedSince is ${JSON.stringify(updatedSince)}, which no clock here shows, expected a time such as 2026-07-01T12:00:00Z`,
  );
}
