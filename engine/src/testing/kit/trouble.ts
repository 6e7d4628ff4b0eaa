/** What goes otherwise than on its good day, and how a test says that it was meant. */
import type { Answer } from "../../core/decision.ts";
import type { EngineErrorCode } from "../../core/errors.ts";
import type { Run } from "../../core/run.ts";
import { compare } from "./expectation.ts";
import type { Difference } from "./expectation.ts";

/** Something that had no effect. */
export interface Trouble {
  readonly cause: string;
  readonly kind: "refused" | "unexpected" | "stale" | "repeat";
  /** The code of a refusal. */
  readonly code: string | null;
  readonly message: string;
}

/** How a test says that it was meant. */
export interface MeantTrouble {
  /** The state takes no such event, nobody waits for that answer any more, or it has come before. */
  readonly ignored?: "unexpected" | "stale" | "repeat";
  /** A caller or an operator was told that it cannot be. */
  readonly refused?: EngineErrorCode;
}

/** What is wrong with an answer; null when the input had its effect, or waits for an operator. */
export function troubleOf(cause: string, answer: Answer, { state, outcome }: Run): Trouble | null {
  switch (answer.outcome) {
    case "rejected": {
      const { code, message } = answer.error;
      return { cause, kind: "refused", code, message: `${code}: ${message}` };
    }
    case "stale":
      return { cause, kind: "stale", code: null, message: "nobody waits for it any more" };
    case "unexpected": {
      const message = outcome === null ? `state ${state} does not take it` : "the run has ended";
      return answer.isRepeat ? repeat(cause) : { cause, kind: "unexpected", code: null, message };
    }
    case "started":
    case "existing":
    case "applied":
    case "queued":
    case "parked":
      return answer.isRepeat ? repeat(cause) : null;
    case "accepted":
      return null;
  }
}

function repeat(cause: string): Trouble {
  return { cause, kind: "repeat", code: null, message: "it had its effect the first time" };
}

/** Troubles that were not meant, and those that were and did not come. */
export function compareTroubles(
  troubles: readonly Trouble[],
  { ignored, refused }: MeantTrouble,
): readonly Difference[] {
  const kinds = troubles.map(({ kind }) => kind);
  const codes = troubles.map(({ code }) => code);
  const unmeant = troubles.filter(
    ({ kind, code }) => kind !== ignored && (kind !== "refused" || code !== refused),
  );
  return [
    ...(ignored === undefined || kinds.includes(ignored) ? [] : compare("ignored", undefined, ignored)),
    ...(refused === undefined || codes.includes(refused) ? [] : compare("refused", undefined, refused)),
    ...unmeant.map(toDifference),
  ];
}

function toDifference({ cause, kind, code, message }: Trouble): Difference {
  const word = kind === "refused" ? `refused: "${code}"` : `ignored: "${kind}"`;
  return { place: cause, found: message, expected: "an effect", advice: `if it is meant, say ${word}` };
}
