/** The jars that Kafka is: their names and what is in them, as `sha256sum` writes it. Whatever a registry sends is held against this. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

export interface Jar {
  readonly name: string;
  readonly sha256: string;
}

export async function readManifest(): Promise<readonly Jar[]> {
  const text = await readFile(new URL("jars.sha256", import.meta.url), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [sha256 = "", name = ""] = line.split(/\s+/);
      return { name, sha256 };
    });
}

/** What is wrong with a folder of jars; `undefined`: it has exactly those of the manifest. */
export async function findJarFault(folder: string, jars: readonly Jar[]): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return `there is no folder ${folder}`;
  const strange = names.find((name) => !jars.some((jar) => jar.name === name));
  if (strange !== undefined) return `${strange} does not belong there`;
  for (const { name, sha256 } of jars) {
    if (!names.includes(name)) return `${name} is missing`;
    if ((await sha256Of(join(folder, name))) !== sha256) return `${name} is not the one that was tested`;
  }
  return undefined;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
