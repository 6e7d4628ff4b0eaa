import { engineError } from "../core/errors.ts";

/** How long a handler may take when nobody says otherwise. */
export const HANDLE_MS_DEFAULT = 5_000;

/** The longest a handler may take: an hour. What takes longer answers later, with an event. */
const HANDLE_MS_MAX = 3_600_000;

/** @throws FLOW_BAD_OPTION (invalid) */
export function resolveHandleMs(participant: string, handleMs = HANDLE_MS_DEFAULT): number {
  return resolveWhole(participant, "handleMs", handleMs, HANDLE_MS_MAX);
}

/** @throws FLOW_BAD_OPTION (invalid) unless `value` is a whole number from 1 to `max` */
export function resolveWhole(participant: string, name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw engineError(
      "FLOW_BAD_OPTION",
      `${participant}: ${name} is ${value}, expected a whole number from 1 to ${max}`,
    );
  }
  return value;
}
