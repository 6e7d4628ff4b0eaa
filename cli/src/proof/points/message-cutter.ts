/** One message of the protocol between a client and Postgres, as it stands on the wire. */
export interface WireMessage {
  /** Its letter, such as `P` for parse; empty for the first message of a client, which has none. */
  readonly type: string;
  readonly bytes: Buffer;
}

const LENGTH_BYTES = 4;

/**
 * Cuts what one side of a connection sends into messages, however the bytes arrive. Without TLS: its handshake has another form.
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class MessageCutter {
  #rest: Buffer = Buffer.alloc(0);
  /** Only the first message of a client has no letter. */
  #typeBytes: 0 | 1;

  constructor(side: "client" | "server") {
    this.#typeBytes = side === "client" ? 0 : 1;
  }

  /** The messages that are complete with these bytes. */
  *take(bytes: Buffer): Generator<WireMessage> {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= this.#typeBytes + LENGTH_BYTES) {
      // The length counts itself, and not the letter.
      const end = this.#typeBytes + this.#rest.readInt32BE(this.#typeBytes);
      if (this.#rest.length < end) return;
      const message = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      yield { type: message.toString("latin1", 0, this.#typeBytes), bytes: message };
      this.#typeBytes = 1;
    }
  }
}

/** Major version, minor version. */
const VERSION_BYTES = 4;

/** What a client says of itself in its first message, such as `application_name`. */
export function startupParameters({ bytes }: WireMessage): ReadonlyMap<string, string> {
  const words = bytes.toString("utf8", LENGTH_BYTES + VERSION_BYTES).split("\0");
  const parameters = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) parameters.set(words[at] ?? "", words[at + 1] ?? "");
  return parameters;
}
