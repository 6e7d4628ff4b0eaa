import { kindOf } from "@sluice/contracts/problem";

/** Null while the store is away. */
export async function whileAway<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    const kind = kindOf(error);
    if (kind === "unavailable" || kind === "timeout") return null;
    throw error;
  }
}
