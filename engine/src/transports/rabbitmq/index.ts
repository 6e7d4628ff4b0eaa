/** RabbitMQ: commands to participants and their replies, the service's side of both, and what could not be taken in. */

// To participants
export { rabbitmqTransport } from "./rabbitmq-transport.ts";

// At one
export { rabbitmqCommands } from "./rabbitmq-commands.ts";
export { openRabbitmqReplies } from "./rabbitmq-replies.ts";
export type { RabbitmqReplies, RabbitmqRepliesOptions } from "./rabbitmq-replies.ts";

// Its dead letters
export { rabbitmqDeadLetters } from "./dead-letters.ts";
export type { RabbitmqDeadLettersOptions } from "./dead-letters.ts";

// For benchmarks
export { measureRabbitmqClient } from "./measure-client.ts";
export type { RabbitmqClientLoad } from "./measure-client.ts";
export type { ClientRate } from "../broker/client-rate.ts";

export type { RabbitmqCommandsOptions, RabbitmqOptions, RabbitmqTransportOptions } from "./options.ts";
