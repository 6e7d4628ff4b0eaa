/** How runs of older versions come to this one: from which, into states that are there, with data that has a place. */
import { checkMoves } from "./check-fields.ts";
import { checkKeys, checkTarget } from "./check-names.ts";
import { finding, quote, THE_FLOW } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { isLoose } from "./flow-view.ts";
import type { FlowView, MigrationView, MoveView } from "./flow-view.ts";

const MIGRATION_KEYS = ["from", "states", "data"];
const MOVE_KEYS = ["target", "enter"];
/** Of the old version's data nothing is known here. */
const OLD_DATA = { data: { name: "the old data", schema: undefined } };

export function checkMigrations(flow: FlowView): readonly Finding[] {
  return flow.migrations.flatMap((migration, index) => {
    const { raw, path, from, moves } = migration;
    const place: Place = { ...THE_FLOW, subject: `the migration from version ${quote(from)}` };
    const { data } = raw;
    return [
      ...checkKeys(place, raw, MIGRATION_KEYS, path),
      ...checkFrom(flow, migration, flow.migrations.slice(0, index)),
      ...moves.flatMap((move) => checkMove(flow, place, move)),
      ...(isLoose(data)
        ? [
            ...checkKeys(
              { ...place, subject: `the data of ${place.subject}` },
              data,
              ["set"],
              `${path}/data`,
            ),
            ...checkMoves(flow, place, data["set"], OLD_DATA, `${path}/data/set`),
          ]
        : []),
    ];
  });
}

function checkFrom(
  flow: FlowView,
  { from, path }: MigrationView,
  earlier: readonly MigrationView[],
): readonly Finding[] {
  const version = flow.raw["version"];
  if (typeof from !== "number") return [];
  const isOlder = Number.isInteger(from) && from >= 1 && (typeof version !== "number" || from < version);
  const isFirst = earlier.every((other) => other.from !== from);
  if (isOlder && isFirst) return [];
  return [
    finding("bad-migration", THE_FLOW, {
      path: `${path}/from`,
      found: isOlder ? `has two migrations from version ${from}` : `has a migration from version ${from}`,
      expected: isOlder ? "one for each older version" : describeOlder(version),
    }),
  ];
}

function describeOlder(version: unknown): string {
  if (version === 1) return "none: version 1 has no older one";
  return version === 2 ? "version 1, the only older one" : `an older version than ${quote(version)}, from 1`;
}

function checkMove(flow: FlowView, place: Place, move: MoveView): readonly Finding[] {
  const { from, target, targetPath, raw, path } = move;
  return [
    ...(raw === null
      ? []
      : checkKeys({ ...place, subject: `a state of ${place.subject}` }, raw, MOVE_KEYS, path)),
    ...checkTarget(flow, place, `moves runs in ${quote(from)} to`, target, targetPath),
  ];
}
