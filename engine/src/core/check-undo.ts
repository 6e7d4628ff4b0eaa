/** The undo of a command or of an event: that there is something to take back, and somebody to say when it is. */
import { checkProjection } from "./check-fields.ts";
import type { Carried } from "./check-fields.ts";
import { checkEvent, checkKeys, checkKnown } from "./check-names.ts";
import { checkRetryAt } from "./check-timers.ts";
import { didYouMean, finding, oneOf } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { COMMAND_FAILED } from "./flow.ts";
import { stateNamed, takes } from "./flow-view.ts";
import type { FlowView, SendView, StateView, UndoView } from "./flow-view.ts";

/** The undo of a command that a state sends. */
export function checkUndo(flow: FlowView, state: StateView, undo: UndoView): readonly Finding[] {
  const place = stateNamed(state.name);
  const carried: Carried = { name: undo.type, schema: flow.commands.get(undo.type)?.raw["data"] };
  return [
    ...checkSent(place, state, undo),
    ...checkUnless(flow, state, placeOf(place, undo), undo),
    ...checkDouble(flow, state, undo),
    ...checkTakingBack(flow, place, undo, carried, ["send", "unless", "retry"]),
  ];
}

/** The undo of what an event tells that it was done. Nothing can say that it was not. */
export function checkEventUndo(flow: FlowView, place: Place, undo: UndoView): readonly Finding[] {
  const carried: Carried = { name: undo.type, schema: flow.events.get(undo.type) };
  return checkTakingBack(flow, place, undo, carried, ["send", "retry"]);
}

/** A command that is answered is a step, and so is an event that has an undo: an answer with one of its own would be taken back by both. */
function checkDouble(flow: FlowView, state: StateView, { type, unless }: UndoView): readonly Finding[] {
  const answers = new Set(flow.commands.get(type)?.answers.map(({ text }) => text));
  for (const { text } of unless) answers.delete(text);
  return state.on.flatMap(({ event, undo }) => {
    if (undo === null || event === null || !answers.has(event)) return [];
    return [
      finding("double-undo", stateNamed(state.name), {
        path: undo.path,
        found: `has an undo of ${event} and one of ${type}, which it answers`,
        expected: "one of the two, for both would be carried out",
        hint: `remove that of ${event}, or name ${event} under \`unless\` of that of ${type}`,
      }),
    ];
  });
}

function placeOf(place: Place, { type }: UndoView): Place {
  return { ...place, subject: `the undo of ${type.slice(0, 40)} in ${place.subject}` };
}

function checkTakingBack(
  flow: FlowView,
  place: Place,
  undo: UndoView,
  carried: Carried,
  keys: readonly string[],
): readonly Finding[] {
  const { raw, path, send } = undo;
  const own = placeOf(place, undo);
  return [
    ...checkKeys(own, raw, keys, path),
    ...(send.length === 1
      ? []
      : [
          finding("bad-undo", own, {
            path: `${path}/send`,
            found: `sends ${send.length} commands`,
            expected: "exactly one",
            hint: "two things to take back are two steps, so two commands",
          }),
        ]),
    ...send.flatMap((each) => checkUndoing(flow, own, carried, each)),
    ...checkRetryAt(own, raw["retry"], `${path}/retry`),
  ];
}

function checkSent(place: Place, { send }: StateView, { type, path }: UndoView): readonly Finding[] {
  const sent = send.map((each) => each.type);
  if (sent.includes(type)) return [];
  return [
    finding("unsent-undo", place, {
      path,
      found: `has an undo of ${type}, which it does not send`,
      expected: oneOf("the commands under `send`", sent),
      hint: didYouMean(type, sent),
    }),
  ];
}

/** The command that takes back. Nobody waits for anything else meanwhile, so somebody has to say when it is done. */
function checkUndoing(flow: FlowView, place: Place, carried: Carried, send: SendView): readonly Finding[] {
  const known = { names: flow.commands, what: "the flow's commands" };
  const command = flow.commands.get(send.type);
  return [
    ...checkKnown("unknown-command", place, "sends", send.type, known, send.path),
    ...checkProjection(flow, place, send, carried),
    ...(command === undefined || command.answers.length > 0
      ? []
      : [
          finding("unanswered-undo", place, {
            path: send.path,
            found: `sends ${send.type}, which has no answers`,
            expected:
              "a command with an event under `answers`, by which the run learns that the step is taken back",
          }),
        ]),
  ];
}

function checkUnless(flow: FlowView, state: StateView, place: Place, undo: UndoView): readonly Finding[] {
  return undo.unless.flatMap(({ text, path }) => {
    const unknown = checkEvent(flow, place, "is not needed after", text, path);
    if (unknown.length > 0 || takes(state, text)) return unknown;
    return [
      finding("untaken-unless", place, {
        path,
        found: `is not needed after ${text}, which the state does not take`,
        expected: `${text} under \`on\` of the same state`,
        hint: text === COMMAND_FAILED ? null : "name the answer that says that nothing was done",
      }),
    ];
  });
}
