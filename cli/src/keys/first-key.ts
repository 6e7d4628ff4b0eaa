import type { ResolvedDatabaseOptions } from "../database/options.ts";
import { shellWord } from "../shell-word.ts";

/** How the first key is made: in this database and no other. A URL is not repeated, for it may hold a password. */
export function firstKeyText({ embedded }: Pick<ResolvedDatabaseOptions, "embedded">): string {
  const command = "sluice keys create --name ops --scope admin";
  return embedded === undefined
    ? `\`${command}\` with the same --database-url or SLUICE_DATABASE_URL`
    : `\`${command} --data-dir ${shellWord(embedded.dataDirectory)}\``;
}
