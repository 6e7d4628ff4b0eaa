/** The parent's side of the participants' process. */
import { randomUUID } from "node:crypto";
import type { BenchFlow } from "../flow/bench-flow.ts";
import { startSubject } from "../subject/start-subject.ts";
import type { SubjectProcess } from "../subject/start-subject.ts";
import type { ParticipantsConfig } from "./open-participants.ts";
import type { RemoteKind } from "./participant-kind.ts";
import type { Reach } from "./reach.ts";

export interface Participants {
  readonly process: SubjectProcess;
  readonly reach: Reach;
}

const PARTICIPANTS_PROCESS = new URL("./participants.process.ts", import.meta.url);

/** `brokerAddress`: of the broker between, where there is one. */
export async function startParticipants(
  flow: BenchFlow,
  kind: RemoteKind,
  brokerAddress: string | null,
): Promise<Participants> {
  const name = `bench-${randomUUID().slice(0, 8)}`;
  const config: ParticipantsConfig = { kind, flow, name, address: brokerAddress };
  const process = await startSubject(PARTICIPANTS_PROCESS, config);
  return { process, reach: { kind, name, address: process.url ?? brokerAddress ?? "" } };
}
