import { BANNED_FILE_NAMES, WORDS } from "./words.ts";
import type { BannedWord } from "./words.ts";
import { lineAt } from "./repository.ts";
import type { Fault, Repository, SourceFile } from "./repository.ts";

export function checkWords({ sources }: Repository): readonly Fault[] {
  return sources.flatMap((source) => [
    ...checkName(source.path),
    ...WORDS.filter(({ where }) => where.test(source.path)).flatMap((banned) => checkWord(source, banned)),
  ]);
}

function checkName(path: string): readonly Fault[] {
  const name = BANNED_FILE_NAMES.word.exec(path)?.[0];
  return name === undefined
    ? []
    : [{ file: path, line: 1, found: `the name ${name}`, instead: BANNED_FILE_NAMES.instead }];
}

function checkWord(
  { path, text, lexed }: SourceFile,
  { word, instead, in: place }: BannedWord,
): readonly Fault[] {
  const said = path.endsWith(".sql")
    ? text
    : place === "code"
      ? lexed.only("code")
      : lexed.only("code", "comment", "text");
  return [...said.matchAll(new RegExp(word, `${word.flags}g`))].map((match) => ({
    file: path,
    line: lineAt(text, match.index),
    found: match[0],
    instead,
  }));
}
