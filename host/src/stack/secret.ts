/** The password of a server's folder: made once, for its owner's eyes only. */
import { randomBytes, randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerLayout } from "./server-layout.ts";

/** Answers what is there, or makes it: whole, and never twice. */
export async function ensureSecret({ secretFile }: Pick<ServerLayout, "secretFile">): Promise<string> {
  const known = await readSecret({ secretFile });
  if (known !== undefined) return known;
  const draft = `${secretFile}.${randomUUID()}`;
  await writeFile(draft, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  try {
    // Of two makers the first one wins.
    await link(draft, secretFile).catch((error: unknown) => {
      if (Object(error).code !== "EEXIST") throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(secretFile, "utf8");
}

/** `undefined`: the folder has none yet. */
export async function readSecret({
  secretFile,
}: Pick<ServerLayout, "secretFile">): Promise<string | undefined> {
  const text = await readFile(secretFile, "utf8").catch((error: unknown) => {
    if (Object(error).code === "ENOENT") return "";
    throw error;
  });
  return text === "" ? undefined : text;
}
