import { storeUnavailable } from "./store-error.ts";

/**
 * Waits for an answer so long and no longer. When none comes, the server or the way to it is silent (frozen, cut off): `onSilence`
 * gives the connection up.
 * @throws FLOW_STORE_UNAVAILABLE (unavailable) then
 */
export async function withinLimit<T>(answer: Promise<T>, limitMs: number, onSilence: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(storeUnavailable(`no answer within ${limitMs} ms`));
      onSilence();
    }, limitMs);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}
