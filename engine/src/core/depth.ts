import type { Json } from "@sluice/contracts/envelope";

/** How deep data may be nested. What is deeper overflows the stack of whoever serialises it, here or elsewhere. */
export const DEPTH_MAX = 100;

/** Whether objects and arrays lie in each other more than DEPTH_MAX deep. */
export function isTooDeep(value: Json, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth >= DEPTH_MAX) return true;
  return Object.values(value).some((inner) => isTooDeep(inner as Json, depth + 1));
}
