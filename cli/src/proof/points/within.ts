import { setTimeout as sleep } from "node:timers/promises";

/** @throws when it takes longer, naming what was waited for */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const bound = new AbortController();
  const late = sleep(ms, undefined, { signal: bound.signal }).then(() => {
    throw new Error(`waited ${ms} ms for ${what}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    bound.abort();
  }
}
