/** The flows of a seed with those who carry out their commands, as an app that `sluice up` would serve. */
import type { Transport } from "@sluice/engine";
import { httpTransport } from "@sluice/engine/http";
import type { GeneratedFlow } from "@sluice/engine/random-flows";
import { TRANSACTIONAL_CHANNELS } from "@sluice/engine/random-flows";
import { defineApp } from "../../app.ts";
import type { AppContext, SluiceApp } from "../../app.ts";
import { localParticipant } from "./participants/memorable.ts";
import { transactionalParticipant } from "./participants/transactional.ts";
import { BARE_CHANNEL } from "./storm-flows.ts";

export const LOCAL_CHANNEL = "local";
export const REMOTE_CHANNEL = "remote";
/** Those of participants in processes of their own. */
export const REMOTE_CHANNELS = [REMOTE_CHANNEL, BARE_CHANNEL] as const;
/** Names the app's schema too. */
const APP_NAME = "proof";

export interface StormAppParts {
  readonly seed: number;
  readonly flows: readonly GeneratedFlow[];
  /** Whether runs may begin in the second version of their flow, or only the first is there yet. */
  readonly serves: "first" | "all";
  /** To the participants of the channels `remote` and `bare`. */
  readonly openTransports: (context: AppContext) => readonly Transport[];
  /** Called with the effects of a batch written and its transaction open. */
  readonly inTransaction: () => Promise<void>;
}

/** An attempt that nobody answers must not outlast the patience of most states. */
const ATTEMPT_MS = 2_000;

export function stormApp({ seed, flows, serves, openTransports, inTransaction }: StormAppParts): SluiceApp {
  return defineApp({
    name: APP_NAME,
    flows: flows.flatMap(({ versions }) => (serves === "all" ? versions : versions.slice(0, 1))),
    migrations: new URL("migrations/", import.meta.url),
    open: async (context) => ({
      participants: [
        ...[...TRANSACTIONAL_CHANNELS].map((channel) =>
          transactionalParticipant(channel, typesOn(channel, flows), { seed, inTransaction }),
        ),
        localParticipant(LOCAL_CHANNEL, typesOn(LOCAL_CHANNEL, flows), { seed, sql: context.sql }),
        ...openTransports(context),
      ],
    }),
  });
}

/** Those of participants that are behind HTTP, each channel at a path of its own. */
export function httpTransports(participantsUrl: string): readonly Transport[] {
  return REMOTE_CHANNELS.map((channel) =>
    httpTransport({ channel, url: `${participantsUrl}/${channel}`, attemptMs: ATTEMPT_MS }),
  );
}

/** The commands that any version of any flow sends there. */
export function typesOn(channel: string, flows: readonly GeneratedFlow[]): readonly string[] {
  const commands = flows.flatMap(({ versions }) =>
    versions.flatMap((version) => Object.entries(version.commands ?? {})),
  );
  return [...new Set(commands.flatMap(([type, command]) => (command.channel === channel ? [type] : [])))];
}
