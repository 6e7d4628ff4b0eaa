/** What a state sends must bring it on: an answer that it takes, or time. */
import { finding } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { takes } from "./flow-view.ts";
import type { FlowView, SendView, StateView } from "./flow-view.ts";

/** A command whose answer the state does not take leaves the run waiting for ever, unless time moves it on or a join counts it. */
export function checkAnswers(
  flow: FlowView,
  place: Place,
  state: StateView,
  send: SendView,
): readonly Finding[] {
  const command = flow.commands.get(send.type);
  if (command === undefined || state.join?.isAny === false || hasWayByTime(flow, state)) return [];
  // Two outcomes of a child flow may answer with one event.
  const answers = [...new Set(command.answers.map(({ text }) => text))];
  const untaken = answers.filter((answer) => !takes(state, answer));
  if (untaken.length < answers.length) {
    return untaken.map((answer) =>
      finding("untaken-answer", place, {
        path: send.path,
        found: `sends ${send.type} and does not take its answer ${answer}`,
        expected: `${answer} under \`on\`, or a timer`,
        hint: `a run that is answered ${answer} here would wait for ever`,
      }),
    );
  }
  return [
    finding("unanswered-command", place, {
      path: send.path,
      found: `sends ${send.type} and takes ${untaken.length === 0 ? "no answer, for it has none" : `none of its answers ${untaken.join(", ")}`}`,
      expected: "at least one answer of the command under `on`, or a timer",
      hint: "without either the run may wait for ever: add the event, or a `deadline`",
    }),
  ];
}

/** Whether the state is left even when nobody ever answers: by a timer, a deadline, or a poll that asks. */
function hasWayByTime(flow: FlowView, state: StateView): boolean {
  const timers = [...state.timers, ...(flow.deadline === null ? [] : [flow.deadline])];
  const asks = (state.poll?.send ?? []).flatMap(({ type }) => flow.commands.get(type)?.answers ?? []);
  return (
    timers.some(({ target, event }) => target !== null || (event !== null && takes(state, event))) ||
    asks.some(({ text }) => takes(state, text))
  );
}
