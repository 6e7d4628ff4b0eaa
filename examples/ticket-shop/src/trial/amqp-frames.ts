/**
 * What a client publishes over a connection of AMQP 0-9-1, read from its bytes as they go by.
 *
 * | bytes | of a frame |
 * | --- | --- |
 * | 1, 2, 4 | type (1 method, 2 head of a message, 3 body, 8 heartbeat), channel, size of the payload |
 * | size, 1 | payload, end |
 *
 * `basic.publish` is a method, and the head of its message, with the properties, is the next frame of that kind on its channel.
 * @see the specification of AMQP 0-9-1, 2.3 and 4.2
 */

/** A message on its way into a queue. */
export interface Published {
  readonly queue: string;
  /** Those that are text. */
  readonly headers: Readonly<Record<string, string>>;
}

/** `AMQP`, 0, 0, 9, 1: what a client says before its first frame. */
const GREETING_BYTES = 8;
const FRAME_HEAD_BYTES = 7;
const FRAME_END_BYTES = 1;
const METHOD = 1;
const MESSAGE_HEAD = 2;
/** Class 60, method 40. */
const BASIC_PUBLISH = 0x003c0028;
/** Class, weight, size of the body; then the flags of the properties. */
const MESSAGE_HEAD_FLAGS_AT = 12;
const HAS_CONTENT_TYPE = 0x8000;
const HAS_CONTENT_ENCODING = 0x4000;
const HAS_HEADERS = 0x2000;

/** Owns: the bytes of one connection that are no whole frame yet. */
export class PublishedReader {
  #bytes: Buffer = Buffer.alloc(0);
  #skip = GREETING_BYTES;
  readonly #queues = new Map<number, string>();

  /** The messages whose heads have come by with this. */
  read(chunk: Buffer): readonly Published[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const published: Published[] = [];
    let at = 0;
    for (;;) {
      const left = this.#bytes.length - at;
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, left);
        this.#skip -= skipped;
        at += skipped;
        if (this.#skip > 0) break;
        continue;
      }
      if (left < FRAME_HEAD_BYTES) break;
      const [type, channel, size] = [
        this.#bytes.readUInt8(at),
        this.#bytes.readUInt16BE(at + 1),
        this.#bytes.readUInt32BE(at + 3),
      ];
      if (type !== METHOD && type !== MESSAGE_HEAD) {
        at += FRAME_HEAD_BYTES;
        this.#skip = size + FRAME_END_BYTES;
        continue;
      }
      if (left < FRAME_HEAD_BYTES + size + FRAME_END_BYTES) break;
      const payload = this.#bytes.subarray(at + FRAME_HEAD_BYTES, at + FRAME_HEAD_BYTES + size);
      at += FRAME_HEAD_BYTES + size + FRAME_END_BYTES;
      if (type === METHOD) this.#readMethod(channel, payload);
      else published.push(...this.#readHead(channel, payload));
    }
    this.#bytes = Buffer.from(this.#bytes.subarray(at));
    return published;
  }

  #readMethod(channel: number, payload: Buffer): void {
    if (payload.readUInt32BE(0) !== BASIC_PUBLISH) return;
    const [, exchangeEnd] = shortText(payload, 6);
    this.#queues.set(channel, shortText(payload, exchangeEnd)[0]);
  }

  #readHead(channel: number, payload: Buffer): readonly Published[] {
    const queue = this.#queues.get(channel);
    if (queue === undefined) return [];
    this.#queues.delete(channel);
    return [{ queue, headers: headersOf(payload) }];
  }
}

function headersOf(payload: Buffer): Record<string, string> {
  const flags = payload.readUInt16BE(MESSAGE_HEAD_FLAGS_AT);
  let at = MESSAGE_HEAD_FLAGS_AT + 2;
  if ((flags & HAS_CONTENT_TYPE) !== 0) [, at] = shortText(payload, at);
  if ((flags & HAS_CONTENT_ENCODING) !== 0) [, at] = shortText(payload, at);
  return (flags & HAS_HEADERS) === 0 ? {} : tableOf(payload, at);
}

/** The texts of a table up to the first value of a kind that nobody here sends. */
function tableOf(payload: Buffer, from: number): Record<string, string> {
  const texts: Record<string, string> = {};
  const end = from + 4 + payload.readUInt32BE(from);
  for (let at = from + 4; at < end;) {
    const [name, valueAt] = shortText(payload, at);
    if (payload.toString("latin1", valueAt, valueAt + 1) !== "S") return texts;
    const size = payload.readUInt32BE(valueAt + 1);
    at = valueAt + 5 + size;
    texts[name] = payload.toString("utf8", valueAt + 5, at);
  }
  return texts;
}

/** A text with its length in one byte, and where it ends. */
function shortText(payload: Buffer, at: number): readonly [text: string, end: number] {
  const end = at + 1 + payload.readUInt8(at);
  return [payload.toString("utf8", at + 1, end), end];
}
