/**
 * The house checker: `node tools/check-house.ts [ROOT]`. Two tables are the architecture, house/rooms.ts and house/words.ts; this applies
 * them, and no file is exempt. Prints each fault as `file:line  what was found  what to do` and ends with 1 when there is one; the
 * longest files and functions follow, for orientation.
 */
import { resolve } from "node:path";
import { findFaults } from "./house/find-faults.ts";
import { findLongest } from "./house/longest.ts";
import type { Measured } from "./house/longest.ts";
import { readRepository } from "./house/repository.ts";

const LONGEST_COUNT = 10;

const root = resolve(process.argv[2] ?? resolve(import.meta.dirname, ".."));
const repository = readRepository(root);
const faults = findFaults(repository);

for (const { file, line, found, instead } of faults) console.log(`${file}:${line}  ${found}  ${instead}`);

const longest = findLongest(repository, LONGEST_COUNT);
print("longest files (code lines)", longest.files);
print("longest functions (code lines)", longest.functions);
console.log(
  `house: ${faults.length === 0 ? "no fault" : `${faults.length} faults`} in ${repository.sources.length} files`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

function print(title: string, measured: readonly Measured[]): void {
  console.log(`\n${title}`);
  for (const { lines, file, line, name } of measured)
    console.log(`${String(lines).padStart(5)}  ${file}:${line} ${name}`.trimEnd());
}
