import { isTest, lineAt } from "./repository.ts";
import type { Fault, Repository, SourceFile } from "./repository.ts";

interface TestName {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

/** A name is a promise: there is one of each, and it says what happens. */
export function checkTestNames({ sources }: Repository): readonly Fault[] {
  const names = sources.filter(({ path }) => path.endsWith(".ts")).flatMap(namesIn);
  const first = new Map(names.toReversed().map((test) => [test.name, test]));
  return names.flatMap((test) => {
    const { file, line, name } = test;
    const twin = first.get(name);
    const verdicts = [
      twin !== undefined &&
        twin !== test && {
          found: `the test "${name}" again`,
          instead: `${twin.file}:${twin.line} has that name: say what differs`,
        },
      /^(?:it )?should\b/i.test(name) && {
        found: `the test "${name}"`,
        instead: "promise it in the present tense, without should",
      },
      !/\s/.test(name) && { found: `the test "${name}"`, instead: "say what happens, not only the topic" },
    ];
    return verdicts.filter((verdict) => verdict !== false).map((verdict) => ({ file, line, ...verdict }));
  });
}

const TEST_CALL = /(?<![\w.])(?:t\.)?(?:test|it)(?:\.(?:skip|todo|only))?\(\s*["'`]/g;

/** Contract suites hold tests too, in files that are none themselves. */
function namesIn({ path, text, lexed }: SourceFile): readonly TestName[] {
  if (!isTest(path) && !/\bfrom "node:test"/.test(text)) return [];
  return [...lexed.only("code").matchAll(TEST_CALL)].map((match) => {
    const quoteAt = match.index + match[0].length - 1;
    return {
      file: path,
      line: lineAt(text, quoteAt),
      name: text.slice(quoteAt + 1, text.indexOf(text[quoteAt] ?? "", quoteAt + 1)),
    };
  });
}
