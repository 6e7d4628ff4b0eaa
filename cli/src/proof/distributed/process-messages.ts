/** What processes around a broker are told. */
import type { EngineConfig } from "../storm/process-messages.ts";
import type { BrokerAddress } from "./broker-address.ts";

/** Its remote participants are behind a broker. */
export interface BrokerEngineConfig extends EngineConfig {
  readonly broker: BrokerAddress;
}

export interface BrokerParticipantsConfig {
  readonly seed: number;
  readonly name: string;
  readonly databaseUrl: string;
  readonly engineUrls: readonly string[];
  readonly broker: BrokerAddress;
  /** Commands come late, and again although they were carried out. */
  readonly isUnruly: boolean;
}
