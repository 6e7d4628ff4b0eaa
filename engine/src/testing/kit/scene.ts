import type { Json } from "@sluice/contracts/envelope";
import { compileFlow } from "../../core/compile-flow.ts";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { FlowDefinition } from "../../core/flow.ts";
import { compileSchema } from "../../definition/compile-schema.ts";
import type { Flow } from "../../definition/define-flow.ts";
import { assertFlow } from "../../definition/load-flow.ts";
import { assertSame, compare, compareRun } from "./expectation.ts";
import type { Difference, RunExpectation } from "./expectation.ts";
import type { Carried, CommandWord, FlowWords, Word } from "./flow-words.ts";
import type { Happening } from "./happening.ts";
import { happen, migrate } from "./sight.ts";
import type { AnyHappening, Sight } from "./sight.ts";
import { compareTroubles } from "./trouble.ts";
import type { MeantTrouble } from "./trouble.ts";

export interface SceneExpectation<T extends FlowWords> extends RunExpectation<T>, MeantTrouble {
  /** Commands that the last `when` has sent, or those that `given` has if there was none: their types, or what they carry as well. */
  readonly sent?: readonly SentCommand<T>[];
}

type SentCommand<T extends FlowWords> =
  CommandWord<T> | SentMessage<T["Commands"]> | SentMessage<T["Children"]>;
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
   * Fails unless the run stands as expected. What had no effect since the last `then` must be said with `ignored` or `refused`, and a parked
   * run with `parked`: so nothing goes wrong unnoticed.
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
  const found = sent.map(({ type, data }, at): Json =>
    typeof expected[at] === "object" ? { type, data } : type,
  );
  return compare("sent", found, expected as Json);
}
