/** Who carries commands out: in the batch's transaction, in the engine's process, or in a process of their own behind HTTP or a broker. */

/** Those that need no server. */
export const PARTICIPANT_KINDS = ["transactional", "local", "http"] as const;

export const BROKER_NAMES = ["kafka", "rabbitmq"] as const;
export type BrokerName = (typeof BROKER_NAMES)[number];

/** The ways by which commands leave the batch: from the baseline within the process to those over a broker. */
export const TRANSPORT_KINDS = ["local", "http", ...BROKER_NAMES] as const;
export type TransportKind = (typeof TRANSPORT_KINDS)[number];

export type ParticipantKind = (typeof PARTICIPANT_KINDS)[number] | BrokerName;

/** Those in a process of their own. */
export type RemoteKind = Exclude<ParticipantKind, "transactional" | "local">;

export function isRemote(kind: ParticipantKind): kind is RemoteKind {
  return kind === "http" || isBroker(kind);
}

export function isBroker(kind: ParticipantKind): kind is BrokerName {
  return BROKER_NAMES.some((name) => name === kind);
}
