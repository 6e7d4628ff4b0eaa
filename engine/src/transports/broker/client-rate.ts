/** What the client of a broker alone can do: the baseline that everything over that broker is compared with. */

export interface ClientRate {
  readonly producedPerSecond: number;
  readonly consumedPerSecond: number;
}

/** Messages per second of a client that writes all of them, and of one that reads them then. */
export async function rateOf(
  messages: number,
  { produce, consume }: { readonly produce: () => Promise<void>; readonly consume: () => Promise<void> },
): Promise<ClientRate> {
  const producedMs = await measure(produce);
  const consumedMs = await measure(consume);
  return {
    producedPerSecond: perSecond(messages, producedMs),
    consumedPerSecond: perSecond(messages, consumedMs),
  };
}

async function measure(work: () => Promise<void>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}

function perSecond(messages: number, ms: number): number {
  return Math.round((messages / ms) * 1_000);
}
