/** Messages of ours as AMQP carries them: headers are headers, but for the content type, which is a property. There are no keys. */
import type { Message, MessageProperties, Options } from "amqplib";
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import type { BrokerMessage, ReceivedMessage } from "@sluice/contracts/broker-message";

/** A message on its way to a queue. */
export interface Outgoing {
  readonly queue: string;
  readonly content: Buffer;
  readonly properties: Options.Publish;
}

/** `replyTo`: the queue that waits for the answer. */
export function toOutgoing(queue: string, { headers, body }: BrokerMessage, replyTo?: string): Outgoing {
  const { [BROKER_HEADERS.contentType]: contentType, ...others } = headers;
  return {
    queue,
    content: Buffer.from(body),
    properties: {
      headers: others,
      ...(contentType === undefined ? {} : { contentType }),
      ...(replyTo === undefined ? {} : { replyTo }),
    },
  };
}

export function toReceived({ content, properties }: Message): ReceivedMessage {
  return { key: null, headers: textHeaders(properties), body: content };
}

/** What of the headers is text, or can be said as text. */
export function textHeaders({ headers, contentType }: MessageProperties): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, unknown>))
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      texts[name.toLowerCase()] = String(value);
  if (typeof contentType === "string") texts[BROKER_HEADERS.contentType] = contentType;
  return texts;
}

/** The header in which a quorum queue says how often a message was given back; absent the first time. */
export function givenBackOf({ properties }: Message): number {
  const count: unknown = properties.headers?.["x-delivery-count"];
  return typeof count === "number" ? count : 0;
}
