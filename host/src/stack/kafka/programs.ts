/**
 * The programs of Kafka: Java from the system, the jars by Maven, once for all folders of this user.
 * P1  The folder of a release exists whole or not at all: jars and formatted metadata get their name when both are there.
 * P2  Nothing is run that the manifest does not name.
 */
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { exists } from "../../data-folder.ts";
import { hostError } from "../../errors.ts";
import { aptInstall, packageRemedy } from "../install/apt.ts";
import { findProgram } from "../install/programs.ts";
import { runProgram } from "../install/run-program.ts";
import type { Finding, InstalledServer, Machine, Missing, Progress } from "../server-adapter.ts";
import { archiveFile, recordClasses } from "./class-archive.ts";
import { findJava, JAVA_PACKAGE } from "./java.ts";
import type { Java } from "./java.ts";
import { findJarFault, readManifest } from "./manifest.ts";
import { formatTemplate, makeTopicsFolder } from "./metadata.ts";
import { COPY_GOAL, pomText } from "./pom.ts";
import { kafkaLaunch } from "./settings.ts";
import type { KafkaPrograms } from "./settings.ts";
import { KAFKA_VERSION } from "./version.ts";

const MAVEN_PACKAGE = { debian: "maven", homebrew: "maven" };
/** 43 MB over a slow line, and Maven's own plugins before them. */
const DOWNLOAD_MS = 900_000;

export async function findKafka(machine: Machine): Promise<Finding> {
  const java = await findJava(machine);
  if ("found" in java) return { missing: java };
  const fault = await findJarFault(jarsFolder(machine), await readManifest());
  return fault === undefined
    ? { installed: await installedIn(machine, java) }
    : { missing: missingJars(fault) };
}

function missingJars(fault: string): Missing {
  return {
    found: `Kafka ${KAFKA_VERSION} is not installed (${fault})`,
    remedy: "run `sluice stack install kafka`, which needs Maven and a registry",
  };
}

async function installedIn(machine: Machine, java: Java): Promise<InstalledServer> {
  const folder = releaseFolder(machine);
  const archive = archiveFile(folder, java);
  const programs: KafkaPrograms = {
    java: java.program,
    jars: await jarPaths(folder),
    classArchive: (await exists(archive)) ? archive : undefined,
  };
  return {
    make: (place) => makeTopicsFolder(folder, place),
    launchOf: (place) => kafkaLaunch(programs, place),
  };
}

export async function installKafka(machine: Machine, progress: Progress): Promise<void> {
  const java = await requireJava(machine, progress);
  const folder = releaseFolder(machine);
  await removeDrafts(folder);
  if ((await findJarFault(jarsFolder(machine), await readManifest())) !== undefined) {
    await download(await requireMaven(machine, progress), folder, java, progress);
  }
  if (await exists(archiveFile(folder, java))) return;
  progress.say("recording Kafka's classes, which halves the time of its starts");
  await recordClasses({
    java,
    releaseFolder: folder,
    jars: await jarPaths(folder),
    signal: progress.signal,
  });
}

async function requireJava(machine: Machine, progress: Progress): Promise<Java> {
  const found = await findJava(machine);
  if (!("found" in found)) return found;
  await aptInstall([JAVA_PACKAGE], machine, progress);
  const java = await findJava(machine);
  if (!("found" in java)) return java;
  throw hostError("HOST_SERVER_MISSING", `${java.found}; ${java.remedy}`);
}

async function requireMaven(machine: Machine, progress: Progress): Promise<string> {
  const found = await findProgram("mvn", machine.programFolders);
  if (found !== undefined) return found;
  await aptInstall([MAVEN_PACKAGE], machine, progress);
  const maven = await findProgram("mvn", machine.programFolders);
  if (maven !== undefined) return maven;
  throw hostError("HOST_SERVER_MISSING", `there is no mvn; ${packageRemedy(MAVEN_PACKAGE)}`);
}

async function download(maven: string, folder: string, java: Java, progress: Progress): Promise<void> {
  const draft = await mkdtemp(`${folder}.draft-`);
  try {
    progress.say(`downloading Kafka ${KAFKA_VERSION} with Maven, 43 MB`);
    await copyJars(maven, draft, progress);
    await formatTemplate({ java, folder: draft, jars: await jarPaths(draft), signal: progress.signal });
    await openToReaders(draft);
    // One with a fault is replaced.
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What an install that was killed has left. */
async function removeDrafts(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    const path = join(dirname(folder), name);
    if (path.startsWith(`${folder}.draft-`)) await rm(path, { recursive: true, force: true });
  }
}

/** Whatever our umask: the user that Kafka runs as reads it all. */
async function openToReaders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}

async function copyJars(maven: string, draft: string, progress: Progress): Promise<void> {
  const pom = join(draft, "pom.xml");
  await writeFile(pom, pomText());
  await mkdir(join(draft, JARS_FOLDER), { mode: 0o755 });
  const jars = await readManifest();
  let downloaded = 0;
  const { exitCode, lastLines } = await runProgram({
    program: maven,
    args: [
      "--batch-mode",
      `--file=${pom}`,
      COPY_GOAL,
      "-DincludeScope=runtime",
      `-DoutputDirectory=${join(draft, JARS_FOLDER)}`,
    ],
    directory: draft,
    waitMs: DOWNLOAD_MS,
    signal: progress.signal,
    onLine(line) {
      const name = /Downloaded from .*\/([^/ ]+\.jar)\b/.exec(line)?.[1];
      if (name === undefined) return;
      if (jars.some((jar) => jar.name === name)) downloaded += 1;
      progress.show(`${name} (${downloaded} of ${jars.length})`);
    },
  });
  const fault = exitCode === 0 ? await findJarFault(join(draft, JARS_FOLDER), jars) : undefined;
  if (exitCode === 0 && fault === undefined) return;
  throw hostError(
    "HOST_SERVER_INSTALL_FAILED",
    fault === undefined
      ? `mvn ended with ${exitCode ?? "a signal"}, expected 0; its last lines:\n${lastLines.join("\n")}`
      : `what Maven downloaded is not Kafka ${KAFKA_VERSION}: ${fault}; clear its local repository and try again`,
  );
}

const JARS_FOLDER = "jars";

function releaseFolder({ cacheDirectory }: Machine): string {
  return join(cacheDirectory, `kafka-${KAFKA_VERSION}`);
}

function jarsFolder(machine: Machine): string {
  return join(releaseFolder(machine), JARS_FOLDER);
}

async function jarPaths(folder: string): Promise<readonly string[]> {
  return (await readManifest()).map(({ name }) => join(folder, JARS_FOLDER, name));
}
