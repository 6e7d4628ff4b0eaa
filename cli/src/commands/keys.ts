/** `sluice keys`: API keys, made and ended in the database by whoever has it. */
import { Option } from "commander";
import type { Command } from "commander";
import type { ApiScope } from "@sluice/engine";
import { durationMs } from "../arguments.ts";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import { addDatabaseOptions } from "../database/flags.ts";
import type { CreateFlags, KeyFlags, RotateFlags } from "../keys/keys.ts";

/** Long enough to give the new key to everybody by hand. */
const GRACE_MS = 3_600_000;

const SCOPES = ["read", "operate", "admin"] as const satisfies readonly ApiScope[];

export function addKeysCommands(program: Command, run: Run): void {
  const keys = addCommand(program, "keys", {
    summary: "make, list, replace and end API keys",
    more:
      "Works on the database, whether `sluice up` runs or not: whoever has the database needs no key. With an admin key the same\n" +
      "can be done over HTTP, at /v1/keys. Commands that talk to a server take the key from SLUICE_API_KEY.",
    examples: [
      ["keys create --name ops --scope admin", "the first key: it is shown once"],
      ["keys list", "who may do what, until when"],
      ["keys rotate 0a1b2c3d4e5f --grace 1h", "a new key; the old one works for another hour"],
    ],
  });
  const create = addCommand(keys, "create", {
    summary: "make a key and show it, this once",
    examples: [
      ["keys create --name dashboard --scope read --expires 90d", "may only look, for three months"],
    ],
  });
  create
    .requiredOption("--name <name>", "whose it is: it stands in the record of what was done with it")
    .addOption(
      new Option("--scope <scope>", "what it may do: operate includes read, admin includes both")
        .choices([...SCOPES])
        .default("operate"),
    )
    .option(
      "--expires <duration>",
      "how long it lives, 1s to 365d: 90d (default: until it is revoked)",
      durationMs,
    );
  database(create).action(
    run(async (cli, flags: CreateFlags) => (await import("../keys/keys.ts")).create(cli, flags)),
  );

  const list = addCommand(keys, "list", {
    summary: "list keys, those that have ended too",
    examples: [["keys list --json", "for a script"]],
  });
  database(list).action(
    run(async (cli, flags: KeyFlags) => (await import("../keys/keys.ts")).list(cli, flags)),
  );

  const rotate = addCommand(keys, "rotate <key>", {
    summary: "replace a key by a new one, without a gap",
    more:
      "The new key has the name, the scope and the end of the old one, and is shown this once. A key that has ended cannot be replaced;\n" +
      "for another end make a new one with `keys create`, and revoke the old one.",
    examples: [["keys rotate 0a1b2c3d4e5f", "the old one works for another hour"]],
  });
  rotate.addOption(
    new Option("--grace <duration>", "how long the old key goes on, 0s to 7d")
      .argParser(durationMs)
      .default(GRACE_MS, "1h"),
  );
  database(rotate).action(
    run(async (cli, keyId: string, flags: RotateFlags) =>
      (await import("../keys/keys.ts")).rotate(cli, keyId, flags),
    ),
  );

  const revoke = addCommand(keys, "revoke <key>", {
    summary: "end a key now; a running server knows within a second",
    examples: [["keys revoke 0a1b2c3d4e5f", "by its id, as `keys list` shows it"]],
  });
  database(revoke).action(
    run(async (cli, keyId: string, flags: KeyFlags) =>
      (await import("../keys/keys.ts")).revoke(cli, keyId, flags),
    ),
  );
}

function database(command: Command): Command {
  return addJsonOption(addDatabaseOptions(command));
}
