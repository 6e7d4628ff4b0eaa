/** One command by itself: who carries it out, a participant behind a channel or a run of another flow, and what may answer it. */
import { checkEvent, checkKeys, checkKnown, checkName } from "./check-names.ts";
import { finding, named } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { toLoose } from "./flow-view.ts";
import type { CommandView, FlowView } from "./flow-view.ts";

const COMMAND_KEYS = ["channel", "flow", "outcomes", "whenLeft", "data", "answers"];

export function checkCommand(flow: FlowView, type: string, command: CommandView): readonly Finding[] {
  const place = named("command", type);
  const verb = command.child === null ? "is answered by" : "has an outcome that answers with";
  return [
    ...checkKeys(place, command.raw, COMMAND_KEYS, command.path),
    ...(command.child === null
      ? checkParticipant(flow, place, command)
      : checkChild(place, command.child, command)),
    ...command.answers.flatMap(({ text, path }) => checkEvent(flow, place, verb, text, path)),
  ];
}

function checkParticipant(flow: FlowView, place: Place, command: CommandView): readonly Finding[] {
  const { raw, path, channel } = command;
  const channelPath = `${path}/channel`;
  const known = {
    names: new Set(flow.channels?.map(({ text }) => text)),
    what: "the flow's channels",
  };
  return [
    ...(flow.channels === null
      ? checkName({ ...place, subject: `the channel of ${place.subject}` }, channel ?? "unnamed", channelPath)
      : checkKnown("unknown-channel", place, "goes to the channel", channel, known, channelPath)),
    ...["outcomes", "whenLeft"].flatMap((key) =>
      raw[key] === undefined
        ? []
        : [
            finding("bad-child", place, {
              path: `${path}/${key}`,
              found: `has \`${key}\` and starts no flow`,
              expected: "`flow`, the name of the flow that a child run is started of",
              hint: `remove \`${key}\` if a participant carries it out`,
            }),
          ],
    ),
  ];
}

function checkChild(place: Place, child: string, { raw, path, answers }: CommandView): readonly Finding[] {
  const starts = `starts flow ${child.slice(0, 40)}`;
  const { type } = toLoose(raw["data"]);
  return [
    ...checkName({ ...place, subject: `the flow that ${place.subject} starts` }, child, `${path}/flow`),
    ...["channel", "answers"].flatMap((key) =>
      raw[key] === undefined
        ? []
        : [
            finding("bad-child", place, {
              path: `${path}/${key}`,
              found: `${starts} and has \`${key}\``,
              expected: "either `flow` and `outcomes`, or `channel` and `answers`",
              hint: "the engine itself starts a child run, and its outcome is the answer",
            }),
          ],
    ),
    ...(answers.length > 0
      ? []
      : [
          finding("bad-child", place, {
            path: `${path}/outcomes`,
            found: `${starts} and says of no outcome what it means`,
            expected: "under `outcomes` each outcome of that flow, with the event it answers with",
          }),
        ]),
    ...(type === undefined || type === "object"
      ? []
      : [
          finding("bad-child", place, {
            path: `${path}/data/type`,
            found: `${starts} with data that is no object`,
            expected: 'a schema with the type "object", for a run begins with one',
          }),
        ]),
  ];
}
