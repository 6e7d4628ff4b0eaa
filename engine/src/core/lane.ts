import { engineError } from "./errors.ts";

/** The most lanes a deployment may have. Each costs a row and a heartbeat; beyond this a second deployment serves better. */
export const LANES_MAX = 1024;

/** Lanes of a deployment nobody chose a number for: room for that many writers, and nothing to notice while idle. */
export const LANES_DEFAULT = 16;

/**
 * The lane of a run: `murmur2(runId) mod lanes`, the partition that Kafka's default partitioner gives the same key.
 * So with as many partitions as lanes, a run's events arrive where its lane is owned.
 * @throws FLOW_BAD_OPTION (invalid) when `lanes` is not a whole number from 1 to LANES_MAX
 * @see org.apache.kafka.common.utils.Utils.murmur2
 */
export function laneOf(runId: string, lanes: number): number {
  checkLanes(lanes);
  return (murmur2(encoder.encode(runId)) & 0x7fffffff) % lanes;
}

/** @throws FLOW_BAD_OPTION (invalid) when `lanes` is not a whole number from 1 to LANES_MAX */
export function checkLanes(lanes: number): void {
  if (!Number.isInteger(lanes) || lanes < 1 || lanes > LANES_MAX) {
    throw engineError("FLOW_BAD_OPTION", `lanes is ${lanes}, expected a whole number from 1 to ${LANES_MAX}`);
  }
}

const encoder = new TextEncoder();
const M = 0x5bd1e995;
const R = 24;

/** MurmurHash2, 32 bit, with Kafka's seed; the answer is a signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let h = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let k =
      byte(bytes, at) |
      (byte(bytes, at + 1) << 8) |
      (byte(bytes, at + 2) << 16) |
      (byte(bytes, at + 3) << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const tail = length - at;
  if (tail === 3) h ^= byte(bytes, at + 2) << 16;
  if (tail >= 2) h ^= byte(bytes, at + 1) << 8;
  if (tail >= 1) h = Math.imul(h ^ byte(bytes, at), M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return (h ^ (h >>> 15)) | 0;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
