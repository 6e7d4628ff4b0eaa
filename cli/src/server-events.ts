/** One of a server's events. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface ServerEvent {
  readonly id: string | null;
  readonly type: string;
  readonly data: string;
}

/** A block beyond this is no event of ours. */
const BLOCK_CHARS_MAX = 67_108_864;

/** The events of a stream; comments are passed over. @throws Error when one does not end */
export async function* parseEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    if (rest.length > BLOCK_CHARS_MAX) throw new Error("an event of the stream does not end");
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event !== null) yield event;
    }
  }
}

function parseEvent(block: string): ServerEvent | null {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/^ /, ""));
  }
  const data = fields.get("data");
  return data === undefined
    ? null
    : { id: fields.get("id") ?? null, type: fields.get("event") ?? "message", data };
}
