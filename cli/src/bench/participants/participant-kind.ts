/** Who carries commands out: in the batch's transaction, in the engine's process, or over HTTP in a process of their own. */
export const PARTICIPANT_KINDS = ["transactional", "local", "http"] as const;
export type ParticipantKind = (typeof PARTICIPANT_KINDS)[number];
