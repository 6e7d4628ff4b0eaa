/** Reads any JSON as a definition, as far as it is one. */
import { isLoose, toLoose, toText } from "./flow-view.ts";
import type {
  CommandView,
  FlowView,
  JoinView,
  MigrationView,
  MoveView,
  PollView,
  SendView,
  StateView,
  TextView,
  TimerView,
  TransitionView,
  UndoView,
} from "./flow-view.ts";
import { toPointer } from "./pointer.ts";

export function readFlow(definition: unknown): FlowView {
  const raw = toLoose(definition);
  return {
    raw,
    name: toText(raw["name"]) ?? "",
    initial: toText(raw["initial"]),
    events: new Map(Object.entries(toLoose(raw["events"]))),
    commands: new Map(
      Object.entries(toLoose(raw["commands"])).map(([type, command]) => [type, readCommand(type, command)]),
    ),
    channels: Array.isArray(raw["channels"]) ? readTexts(raw["channels"], "/channels") : null,
    businessStates: Array.isArray(raw["businessStates"])
      ? readTexts(raw["businessStates"], "/businessStates")
      : null,
    deadline: readTimer("flow-deadline", raw["deadline"], "/deadline"),
    schedule: isLoose(raw["schedule"]) ? raw["schedule"] : null,
    migrations: readMigrations(raw["migrations"]),
    states: new Map(
      Object.entries(toLoose(raw["states"])).map(([name, state]) => [name, readState(name, state)]),
    ),
  };
}

function readCommand(type: string, command: unknown): CommandView {
  const raw = toLoose(command);
  const path = toPointer(["commands", type]);
  const child = toText(raw["flow"]);
  return {
    raw,
    path,
    channel: toText(raw["channel"]),
    child,
    answers:
      child === null
        ? readTexts(raw["answers"], `${path}/answers`)
        : readOutcomes(raw["outcomes"], `${path}/outcomes`),
    outcomes: child === null ? [] : Object.keys(toLoose(raw["outcomes"])),
  };
}

function readOutcomes(outcomes: unknown, path: string): readonly TextView[] {
  return Object.entries(toLoose(outcomes)).flatMap(([outcome, text]) =>
    typeof text === "string" ? [{ text, path: path + toPointer([outcome]) }] : [],
  );
}

function readMigrations(migrations: unknown): readonly MigrationView[] {
  if (!Array.isArray(migrations)) return [];
  return migrations.map((migration, index) => {
    const raw = toLoose(migration);
    const path = `/migrations/${index}`;
    return {
      raw,
      path,
      from: raw["from"],
      moves: Object.entries(toLoose(raw["states"])).flatMap(([from, to]) =>
        readMove(from, to, `${path}/states${toPointer([from])}`),
      ),
    };
  });
}

function readMove(from: string, to: unknown, path: string): readonly MoveView[] {
  if (typeof to === "string") return [{ from, target: to, targetPath: path, raw: null, path }];
  if (!isLoose(to)) return [];
  return [{ from, target: toText(to["target"]), targetPath: `${path}/target`, raw: to, path }];
}

function readState(name: string, state: unknown): StateView {
  const raw = toLoose(state);
  const path = toPointer(["states", name]);
  const poll = readPoll(raw["poll"], `${path}/poll`);
  const after = Array.isArray(raw["after"])
    ? raw["after"].map((timer, index) => readTimer("after", timer, `${path}/after/${index}`))
    : [readTimer("after", raw["after"], `${path}/after`)];
  const timers = [...after, readTimer("deadline", raw["deadline"], `${path}/deadline`), poll?.giveUp ?? null];
  return {
    raw,
    path,
    name,
    businessState: toText(raw["businessState"]),
    isFinal: raw["final"] !== undefined,
    outcome: toText(raw["final"]),
    send: readSends(raw["send"], `${path}/send`),
    undo: Object.entries(toLoose(raw["undo"])).map(([type, undo]) =>
      readUndo(type, undo, `${path}/undo${toPointer([type])}`),
    ),
    join: readJoin(raw["join"], `${path}/join`),
    on: Object.entries(toLoose(raw["on"])).flatMap(([event, transitions]) =>
      readTransitions(event, transitions, `${path}/on${toPointer([event])}`),
    ),
    timers: timers.filter((timer) => timer !== null),
    poll,
  };
}

function readUndo(type: string, undo: unknown, path: string): UndoView {
  const raw = toLoose(undo);
  return {
    type,
    raw,
    path,
    send: readSends(raw["send"], `${path}/send`),
    unless: readTexts(raw["unless"], `${path}/unless`),
  };
}

function readJoin(join: unknown, path: string): JoinView | null {
  if (!isLoose(join)) return null;
  return {
    raw: join,
    path,
    isAny: join["wait"] === "any",
    then: readTransitions(null, join["then"], `${path}/then`),
  };
}

function readTransitions(
  event: string | null,
  transitions: unknown,
  path: string,
): readonly TransitionView[] {
  if (!Array.isArray(transitions)) return readTransition(event, transitions, 0, path);
  return transitions.flatMap((transition, index) =>
    readTransition(event, transition, index, `${path}/${index}`),
  );
}

function readTransition(
  event: string | null,
  transition: unknown,
  index: number,
  path: string,
): readonly TransitionView[] {
  const isShort = typeof transition === "string";
  if (!isShort && !isLoose(transition)) return [];
  const raw = isShort ? null : transition;
  return [
    {
      event,
      target: isShort ? transition : toText(raw?.["target"]),
      targetPath: isShort ? path : `${path}/target`,
      compensates: raw?.["compensate"] === true,
      isGuarded: raw?.["guard"] !== undefined,
      undo: isLoose(raw?.["undo"]) ? readUndo(event ?? "", raw["undo"], `${path}/undo`) : null,
      index,
      raw,
      path,
    },
  ];
}

function readTimer(kind: TimerView["kind"], timer: unknown, path: string): TimerView | null {
  if (!isLoose(timer)) return null;
  return {
    kind,
    delay: timer["delay"],
    target: toText(timer["target"]),
    event: toText(timer["event"]),
    compensates: timer["compensate"] === true,
    raw: timer,
    path,
  };
}

function readPoll(poll: unknown, path: string): PollView | null {
  if (!isLoose(poll)) return null;
  return {
    raw: poll,
    path,
    send: readSends(poll["send"], `${path}/send`),
    giveUp: readTimer("give-up", poll["giveUp"], `${path}/giveUp`),
  };
}

function readSends(send: unknown, path: string): readonly SendView[] {
  return Object.entries(toLoose(send)).map(([type, projection]) => ({
    type,
    projection,
    path: path + toPointer([type]),
  }));
}

function readTexts(texts: unknown, path: string): readonly TextView[] {
  if (!Array.isArray(texts)) return [];
  return texts.flatMap((text, index) =>
    typeof text === "string" ? [{ text, path: `${path}/${index}` }] : [],
  );
}
