import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { isFixture, isIn, isTest, lineAt, packageOf } from "./repository.ts";
import type { Fault, Package, Repository, SourceFile } from "./repository.ts";
import { DRIVERS, MAIN_IMPORTERS, PURE_ROOMS, ROOMS, TESTS_MAY } from "./rooms.ts";

/** What one import breaks, and what to do about it; `undefined` where it breaks nothing. */
type Verdict = Pick<Fault, "found" | "instead"> | undefined;

interface Import {
  readonly from: SourceFile;
  readonly specifier: string;
}

export function checkImports(repository: Repository): readonly Fault[] {
  return repository.sources
    .filter(({ path }) => !path.endsWith(".sql"))
    .flatMap((from) => {
      const lost = roomOf(from.path) === undefined;
      if (lost)
        return [
          {
            file: from.path,
            line: 1,
            found: "a file in no room",
            instead: "move it into a room, or record a decision for a new one",
          },
        ];
      return specifiersOf(from).flatMap(({ specifier, offset }) => {
        const verdict = judge(repository, { from, specifier });
        return verdict === undefined
          ? []
          : [{ file: from.path, line: lineAt(from.text, offset), ...verdict }];
      });
    });
}

/** The row of ROOMS a file falls under: the longest name wins, and a star stands for one folder. */
export function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .map((name) => ({ name, place: placeOf(name, path) }))
    .filter(({ name, place }) => isIn(path, place) && isIn(path, name.replace("/*", "")))
    .toSorted((a, b) => b.place.length - a.place.length)[0]?.name;
}

function placeOf(room: string, path: string): string {
  return room.endsWith("/*") ? path.split("/").slice(0, room.split("/").length).join("/") : room;
}

const IMPORT = /\bfrom\s*["']|\bimport\s*\(?\s*["']/g;

function specifiersOf({
  text,
  lexed,
}: SourceFile): readonly { readonly specifier: string; readonly offset: number }[] {
  return [...lexed.only("code").matchAll(IMPORT)].map((match) => {
    const quoteAt = match.index + match[0].length - 1;
    return {
      specifier: text.slice(quoteAt + 1, text.indexOf(text[quoteAt] ?? "", quoteAt + 1)),
      offset: quoteAt,
    };
  });
}

function judge(repository: Repository, { from, specifier }: Import): Verdict {
  if (specifier.startsWith(".")) return judgeRelative(repository, { from, specifier });
  const ours = repository.packages.find(({ name, folder }) => folder !== "" && isIn(specifier, name));
  if (ours !== undefined) return judgeDoor(repository, ours, { from, specifier });
  return isBuiltin(specifier)
    ? judgeBuiltin({ from, specifier })
    : judgePackage(repository, { from, specifier });
}

function judgeRelative(repository: Repository, { from, specifier }: Import): Verdict {
  const target = posix.join(posix.dirname(from.path), specifier);
  if (!repository.has(target) || posix.extname(target) === "") {
    return {
      found: `import of "${specifier}", which is no file`,
      instead: "name the file with its extension: ./order.ts",
    };
  }
  if (packageOf(repository.packages, target) !== packageOf(repository.packages, from.path)) {
    return {
      found: `deep import of ${target}`,
      instead: "go through a door of that package (`exports` in its package.json)",
    };
  }
  if (/^index\.[cm]?[jt]s$/.test(posix.basename(target))) {
    return {
      found: `import of the index ${target} inside its package`,
      instead: "import the file itself: cycles begin in an index",
    };
  }
  return judgeRoom(from.path, target);
}

function judgeDoor(repository: Repository, target: Package, { from, specifier }: Import): Verdict {
  const own = packageOf(repository.packages, from.path);
  if (own === target && !isFixture(from.path))
    return { found: `import of its own package as "${specifier}"`, instead: "import the file itself" };
  const file = target.exports[`.${specifier.slice(target.name.length)}`];
  if (file === undefined) {
    return {
      found: `"${specifier}", which is no door of ${target.name}`,
      instead: `use one of: ${Object.keys(target.exports).join(" ")}`,
    };
  }
  return (
    judgeRoom(from.path, posix.join(target.folder, file)) ??
    judgeDeclared(repository, { from, specifier: target.name })
  );
}

function judgeRoom(from: string, target: string): Verdict {
  const room = roomOf(from);
  const targetRoom = roomOf(target);
  if (room === undefined || targetRoom === undefined) {
    return {
      found: `import of ${target}, which is in no room`,
      instead: "move it into a room, or record a decision for a new one",
    };
  }
  if (
    posix.basename(target) === "main.ts" &&
    !isTest(from) &&
    !MAIN_IMPORTERS.some((place) => isIn(from, place))
  ) {
    return {
      found: `import of ${target}`,
      instead: `only ${MAIN_IMPORTERS.join(", ")} and tests import a main.ts: pass what you need as an option`,
    };
  }
  if (isFixture(target) && !isTest(from)) {
    return {
      found: `import of the fixture ${target}`,
      instead: "move it out of fixtures/: only tests import from there",
    };
  }
  if (targetRoom === room && placeOf(room, from) === placeOf(room, target)) return undefined;
  const allowed = [...(ROOMS[room] ?? []), ...(isTest(from) ? TESTS_MAY : [])];
  if (allowed.some((place) => isIn(target, place))) return undefined;
  return {
    found: `${room} imports ${target}`,
    instead: `${room} may import ${(ROOMS[room] ?? []).join(" ") || "nothing of ours"}: turn the dependency around, or pass it in as a port`,
  };
}

function judgeBuiltin({ from, specifier }: Import): Verdict {
  if (!specifier.startsWith("node:"))
    return { found: `import of "${specifier}"`, instead: `say "node:${specifier}"` };
  return judgePure(from.path, specifier);
}

function judgePackage(repository: Repository, { from, specifier }: Import): Verdict {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const places = Object.hasOwn(DRIVERS, name) ? (DRIVERS[name] ?? []) : undefined;
  if (places !== undefined && !isTest(from.path) && !places.some((place) => isIn(from.path, place))) {
    return {
      found: `the driver ${name}`,
      instead: `use it in ${places.join(" ")} only, and a port elsewhere`,
    };
  }
  return judgePure(from.path, name) ?? judgeDeclared(repository, { from, specifier: name });
}

function judgePure(from: string, what: string): Verdict {
  const room = PURE_ROOMS.find((place) => isIn(from, place));
  if (room === undefined || isTest(from)) return undefined;
  return {
    found: `${room} imports ${what}`,
    instead: "keep rules free of modules and packages: take a value, or a port",
  };
}

/** npm hoists, so an undeclared package is found all the same, until it is not. Tests and tools may use what the root installs. */
function judgeDeclared({ packages }: Repository, { from, specifier }: Import): Verdict {
  const own = packageOf(packages, from.path);
  const rootPackage = packages[0];
  const isOurs = packages.some(({ name }) => name === specifier);
  const forTests = isTest(from.path) || isIn(from.path, "tools");
  const declared = forTests
    ? { ...own.dependencies, ...own.devDependencies, ...rootPackage?.devDependencies }
    : own.dependencies;
  if (Object.hasOwn(declared, specifier) || (forTests && isOurs)) return undefined;
  return {
    found: `the undeclared package ${specifier}`,
    instead: `add its exact version to the dependencies of ${posix.join(own.folder, "package.json")}`,
  };
}
