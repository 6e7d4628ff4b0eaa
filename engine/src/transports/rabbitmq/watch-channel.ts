import type { Channel } from "amqplib";
import type { Lose } from "./link.ts";

/** A channel that is closed takes its link with it: one way to recover, whatever has happened. */
export function watchChannel(channel: Channel, lose: Lose): void {
  channel.on("error", lose);
  // When it goes with its connection, the end of that says why, and comes right behind.
  channel.on("close", () => queueMicrotask(() => lose("the channel was closed")));
}
