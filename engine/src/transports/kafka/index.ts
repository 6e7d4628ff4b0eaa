/** Kafka: commands to participants and their replies, and the service's side of both. */

// To participants
export { kafkaTransport, kafkaTransports } from "./kafka-transport.ts";

// At one
export { kafkaCommands } from "./kafka-commands.ts";

// Its dead letters
export { kafkaDeadLetters } from "./dead-letters.ts";
export type { KafkaDeadLettersOptions } from "./dead-letters.ts";

// For benchmarks
export { measureKafkaClient } from "./measure-client.ts";
export type { ClientLoad } from "./measure-client.ts";
export type { ClientRate } from "../broker/client-rate.ts";

export type {
  KafkaCommandsOptions,
  KafkaOptions,
  KafkaSasl,
  KafkaTransportOptions,
  KafkaTransportsOptions,
} from "./options.ts";
