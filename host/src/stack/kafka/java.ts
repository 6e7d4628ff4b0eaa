/** The Java that Kafka runs on. */
import { findProgram } from "../install/programs.ts";
import { runProgram } from "../install/run-program.ts";
import type { Machine, Missing } from "../server-adapter.ts";
import { packageRemedy } from "../install/apt.ts";
import { JAVA_MAJOR_MIN } from "./version.ts";

export interface Java {
  readonly program: string;
  /** `17.0.15` */
  readonly version: string;
}

export const JAVA_PACKAGE = { debian: "default-jre-headless", homebrew: "openjdk" };

const ANSWER_MS = 60_000;

export async function findJava({ programFolders }: Machine): Promise<Java | Missing> {
  const remedy = packageRemedy(JAVA_PACKAGE);
  const expected = `expected Java ${JAVA_MAJOR_MIN} or newer`;
  const program = await findProgram("java", programFolders);
  if (program === undefined) return { found: `there is no java, ${expected}`, remedy };
  const { lastLines } = await runProgram({ program, args: ["-version"], waitMs: ANSWER_MS });
  const version = versionIn(lastLines.join("\n"));
  if (version === undefined) return { found: `${program} does not tell its version, ${expected}`, remedy };
  if (majorOf(version) < JAVA_MAJOR_MIN)
    return { found: `${program} is Java ${version}, ${expected}`, remedy };
  return { program, version };
}

/** `17.0.15` of `openjdk version "17.0.15" 2025-04-15`. */
export function versionIn(text: string): string | undefined {
  return /\bversion "([\w.+-]+)"/.exec(text)?.[1];
}

/** 17 of `17.0.15`, 8 of `1.8.0_392`. */
export function majorOf(version: string): number {
  const [first, second] = version.split(/[._+-]/).map(Number);
  return (first === 1 ? second : first) ?? 0;
}
