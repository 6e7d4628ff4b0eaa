import type { Json } from "@sluice/contracts/envelope";
import { compileFlow } from "../../core/compile-flow.ts";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { EngineErrorCode } from "../../core/errors.ts";
import type { FlowDefinition } from "../../core/flow.ts";
import { compileSchema } from "../../definition/compile-schema.ts";
import type { Flow } from "../../definition/define-flow.ts";
import { assertFlow } from "../../definition/load-flow.ts";
import { assertSame, compare, compareRun } from "./expectation.ts";
import type { Difference, RunExpectation } from "./expectation.ts";
import type { Carried, CommandWord, FlowWords, Word } from "./flow-words.ts";
import type { Happening } from "./happening.ts";
import { happen, migrate } from "./sight.ts";
import type { AnyHappening, Sight, Trouble } from "./sight.ts";

export interface SceneExpectation<T extends FlowWords> extends RunExpectation<T> {
  /** Commands that the last `when` has sent, or those that `given` has if there was none: their types, or what they carry as well. */
  readonly sent?: readonly SentCommand<T>[];
  /** Something had no effect: the state takes no such event, nobody waits for that answer any more, or it has come before. */
  readonly ignored?: "unexpected" | "stale" | "repeat";
  /** A caller or an operator was told that it cannot be. */
  readonly refused?: EngineErrorCode;
}

type SentCommand<T extends FlowWords> = CommandWord<T> | SentMessage<T["Commands"]> | SentMessage<T["Children"]>;
type SentMessage<Messages> = {
  [C in Word<Messages>]: { readonly type: C; readonly data: Carried<Messages, C> };
}[Word<Messages>];

/** A run at one moment of its life. Scenes are never changed, so one beginning serves many endings. */
export class Scene<T extends FlowWords> {
  readonly #sight: Sight;

  constructor(sight: Sight) {
    this.#sight = sight;
  }

  /** The scene after all that has happened, one after the other. */
  when(...happenings: readonly Happening<T>[]): Scene<T> {
    const begin: Sight = { ...this.#sight, sent: [] };
    return new Scene(happenings.reduce<Sight>((sight, each) => happen(sight, each as AnyHappening), begin));
  }

  /** The scene after an operator has moved the run to another version of its flow, whose words hold from then on. */
  whenMigratedTo<Next extends FlowWords>(flow: Flow<Next>): Scene<Next> {
    return new Scene(migrate({ ...this.#sight, sent: [] }, compileChecked(flow)));
  }

  /**
   * Fails unless the run stands as expected. What was refused, was not taken or has parked the run since the last `then` must be said with
   * `refused`, `ignored` or `parked`, so that nothing goes wrong unnoticed.
   * @throws AssertionError with each difference and what has happened so far
   */
  then(expected: SceneExpectation<T>): Scene<T> {
    if (typeof expected === "function")
      throw new TypeError("a scene was awaited; given, when and then answer at once, so leave the await out");
    const { flow, held, sent, troubles } = this.#sight;
    const differences = [
      ...compareRun(held.run, expected),
      ...(expected.sent === undefined ? [] : compareSent(sent, expected.sent)),
      ...compareTroubles(troubles, expected),
    ];
    assertSame(`a run of ${flow.name}`, differences, held.entries, this.then);
    return new Scene({ ...this.#sight, troubles: [] });
  }
}

/** @throws FLOW_BAD_DEFINITION (invalid) as an engine does at its start */
export function compileChecked(flow: FlowDefinition): CompiledFlow {
  assertFlow(flow);
  return compileFlow(flow, compileSchema);
}

/** What is only named by its type may carry anything. */
function compareSent<T extends FlowWords>(
  sent: Sight["sent"],
  expected: readonly SentCommand<T>[],
): readonly Difference[] {
  const found = sent.map(({ type, data }, at): Json => (typeof expected[at] === "object" ? { type, data } : type));
  return compare("sent", found, expected as Json);
}

function compareTroubles<T extends FlowWords>(
  troubles: readonly Trouble[],
  { ignored, refused, parked }: SceneExpectation<T>,
): readonly Difference[] {
  const isMeant = ({ kind, code }: Trouble): boolean =>
    kind === ignored || (kind === "refused" && code === refused) || (kind === "parked" && typeof parked === "string");
  const missing = [
    ...(ignored === undefined || troubles.some(({ kind }) => kind === ignored) ? [] : compare("ignored", undefined, ignored)),
    ...(refused === undefined || troubles.some(({ code }) => code === refused) ? [] : compare("refused", undefined, refused)),
  ];
  return [...missing, ...troubles.filter((trouble) => !isMeant(trouble)).map(toDifference)];
}

function toDifference({ cause, kind, code, message }: Trouble): Difference {
  const word = kind === "refused" ? `refused: "${code}"` : kind === "parked" ? "parked: …" : `ignored: "${kind}"`;
  return { place: cause, found: message, expected: "applied", advice: `if it is meant, say ${word}` };
}
