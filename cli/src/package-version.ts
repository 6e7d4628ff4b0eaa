import { readFileSync } from "node:fs";

/** The version of this command, and of the server it starts. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String(Object(manifest).version);
}
