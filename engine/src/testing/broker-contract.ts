/**
 * The promises of a broker's two sides: the engine's transport, and the source from which a service gets its commands. Every broker passes
 * this suite, so what stands behind it, the runtime and `serveCommands`, may trust any of them.
 */
import { describe } from "node:test";
import type { TestContext } from "node:test";
import type { ReceivedMessage } from "@sluice/contracts/broker-message";
import type { Transport } from "../core/ports.ts";
import type { CommandSource } from "../participant/command-source.ts";
import { commandPromises } from "./broker-contract/command-promises.ts";
import { deadLetterPromises } from "./broker-contract/dead-letter-promises.ts";
import { replyPromises } from "./broker-contract/reply-promises.ts";
import { wholePromises } from "./broker-contract/whole-promises.ts";

/** A message among dead letters, and why it is there. */
export interface BuriedMessage extends ReceivedMessage {
  readonly reason: string;
}

/** Both sides of one place that nobody else uses: topics or queues of this test alone. */
export interface BrokerHarness {
  /** Makes the engine's side, not started yet. A second one may follow when the first is stopped. */
  transport(): Transport;
  /** Makes the service's side, not started yet. A second one may follow when the first is stopped. */
  source(): CommandSource;
  /** Puts any message where the service reads commands, and where the engine reads replies. */
  injectCommand(message: ReceivedMessage): Promise<void>;
  injectReply(message: ReceivedMessage): Promise<void>;
  /** All dead letters of the service, and of the engine's channel, oldest first. */
  deadCommands(): Promise<readonly BuriedMessage[]>;
  deadReplies(): Promise<readonly BuriedMessage[]>;
}

export interface BrokerBounds {
  /** Largest reply that the transport reads, in bytes. */
  readonly bodyBytesMax: number;
}

/** Opens both sides and registers their cleaning with the test. */
export type OpenBroker = (t: TestContext, bounds: BrokerBounds) => Promise<BrokerHarness>;

/** Declares the suite for one broker. */
export function brokerContract(name: string, open: OpenBroker): void {
  describe(`${name} keeps the broker's contract`, () => {
    commandPromises(open);
    replyPromises(open);
    wholePromises(open);
    deadLetterPromises(open);
  });
}
