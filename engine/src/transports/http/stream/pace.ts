/** Sending no faster than a reader takes, and cutting one that takes nothing. */
import type { FastifyReply } from "fastify";

/** What is handed to the connection at once: a slow reader gets on by pieces, and one that gets on is not cut. */
const PIECE_BYTES_MAX = 65_536;

/**
 * Blocks in pieces; the next one is asked for when there is room for it. A reader that leaves a piece for `stallMs` is cut: it would
 * keep its place and its buffers for ever.
 */
export async function* pace(
  blocks: AsyncIterable<Buffer>,
  stallMs: number,
  { raw, log }: Pick<FastifyReply, "raw" | "log">,
): AsyncGenerator<Buffer> {
  for await (const block of blocks) {
    for (let from = 0; from < block.length; from += PIECE_BYTES_MAX) {
      const cut = setTimeout(() => {
        log.warn({ stallMs }, "a stream's reader takes nothing; it is cut");
        raw.destroy();
      }, stallMs);
      try {
        yield block.subarray(from, from + PIECE_BYTES_MAX);
      } finally {
        clearTimeout(cut);
      }
    }
  }
}
