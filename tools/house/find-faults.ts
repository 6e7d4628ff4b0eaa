import { checkImports } from "./check-imports.ts";
import { checkPackages } from "./check-packages.ts";
import { checkTestNames } from "./check-test-names.ts";
import { checkWords } from "./check-words.ts";
import type { Fault, Repository } from "./repository.ts";

export function findFaults(repository: Repository): readonly Fault[] {
  return [checkImports, checkWords, checkPackages, checkTestNames].flatMap((check) => check(repository));
}
