/**
 * What a Kafka broker answers, with another port in it. A client learns from the broker where it is, and would go around whatever stands
 * between them: so that is told to it instead, in the same number of bytes.
 * @see https://kafka.apache.org/protocol.html : each answer begins with its length; a broker in it is a host and a port of four bytes.
 */
const LENGTH_BYTES = 4;
const PORT_BYTES = 4;

export class KafkaReaddresser {
  readonly #found: Buffer;
  readonly #planted: Buffer;
  #rest: Buffer = Buffer.alloc(0);

  constructor(host: string, from: number, to: number) {
    this.#found = addressOf(host, from);
    this.#planted = addressOf(host, to);
  }

  /** The answers that are complete with these bytes, readdressed. */
  *take(bytes: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#rest.readInt32BE(0);
      if (this.#rest.length < end) return;
      const answer = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      this.#readdress(answer);
      yield answer;
    }
  }

  #readdress(answer: Buffer): void {
    for (let at = answer.indexOf(this.#found); at !== -1; at = answer.indexOf(this.#found, at))
      this.#planted.copy(answer, at);
  }
}

function addressOf(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(PORT_BYTES);
  bytes.writeInt32BE(port);
  return Buffer.concat([Buffer.from(host), bytes]);
}
