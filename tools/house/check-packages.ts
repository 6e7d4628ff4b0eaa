import { posix } from "node:path";
import { lineAt } from "./repository.ts";
import type { Fault, Repository } from "./repository.ts";

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.-]+)?$/;

/** Every dependency has one exact version: what was tested is what is installed. */
export function checkPackages({ packages }: Repository): readonly Fault[] {
  return packages.flatMap(({ folder, text, dependencies, devDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies })
      .filter(([, version]) => !EXACT.test(version))
      .map(([name, version]) => ({
        file: posix.join(folder, "package.json"),
        line: lineAt(text, text.indexOf(`"${name}"`)),
        found: `${name} ${version}`,
        instead: "name one exact version: 1.2.3",
      })),
  );
}
