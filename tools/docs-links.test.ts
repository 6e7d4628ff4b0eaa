import assert from "node:assert/strict";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "..");

/** `file:line target` of each link between files that leads nowhere: to no file, or to no heading of one. */
function findDeadLinks(root: string): string[] {
  const exclude = (path: string): boolean => /(?:^|\/)(?:node_modules|\..+)$/.test(path);
  return globSync("**/*.md", { cwd: root, exclude })
    .toSorted()
    .flatMap((file) =>
      linksOf(readFileSync(join(root, file), "utf8"))
        .filter(({ target }) => isDead(root, file, target))
        .map(({ line, target }) => `${file}:${line} ${target}`),
    );
}

function linksOf(markdown: string): { readonly line: number; readonly target: string }[] {
  return proseOf(markdown).flatMap((text, index) =>
    [...text.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(<?([^)\s>]+)/g)]
      .map(([, target = ""]) => ({ line: index + 1, target }))
      .filter(({ target }) => !/^[a-z]+:/i.test(target)),
  );
}

/** The lines of a page, with those of code left empty. */
function proseOf(markdown: string): string[] {
  let isCode = false;
  return markdown.split("\n").map((line) => {
    const isFence = /^\s*```/.test(line);
    if (isFence) isCode = !isCode;
    return isFence || isCode ? "" : line;
  });
}

function isDead(root: string, file: string, target: string): boolean {
  const [path = "", anchor] = target.split("#", 2);
  const page = path === "" ? join(root, file) : join(root, dirname(file), decodeURIComponent(path));
  // What lies outside of the repository is in no clone of it.
  if (relative(root, page).startsWith("..") || !existsSync(page)) return true;
  return anchor !== undefined && !(statSync(page).isFile() && anchorsOf(page).includes(anchor));
}

/** Anchors as GitHub makes them: lower case, without punctuation, blanks as hyphens, and a number behind a repeat. */
function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return proseOf(readFileSync(page, "utf8"))
    .flatMap((line) => /^#{1,6} +(.*)$/.exec(line)?.[1] ?? [])
    .map((heading) => {
      const anchor = heading
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
        .replaceAll(" ", "-");
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    });
}

test("the search for dead links finds each planted one, and nothing else", (t) => {
  const root = mkdtempSync(join(tmpdir(), "sluice-links-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "docs/node_modules"), { recursive: true });
  writeFileSync(join(root, "docs/node_modules/theirs.md"), "[x](gone.md)");
  writeFileSync(
    join(root, "docs/page.md"),
    "# What's `new`, in 2?\n\n## Twice\n\n## Twice\n\n```sh\n# no heading\n```\n",
  );
  writeFileSync(
    join(root, "README.md"),
    [
      "[page](docs/page.md) [folder](docs) [site](https://example.org/gone.md) `[code](gone.md)`",
      "[gone](docs/gone.md) ![gone](gone.png)",
      "[new](docs/page.md#whats-new-in-2) [second](docs/page.md#twice-1) [here](#here)",
      "[third](docs/page.md#twice-2) [comment](docs/page.md#no-heading) [there](#there)",
      "[outside](../gone.md) [folder](docs#twice)",
      "# Here",
      "```md",
      "[code](gone.md)",
      "```",
    ].join("\n"),
  );
  assert.deepEqual(findDeadLinks(root), [
    "README.md:2 docs/gone.md",
    "README.md:2 gone.png",
    "README.md:4 docs/page.md#twice-2",
    "README.md:4 docs/page.md#no-heading",
    "README.md:4 #there",
    "README.md:5 ../gone.md",
    "README.md:5 docs#twice",
  ]);
});

test("every link between the pages of the repository leads somewhere", () => {
  assert.deepEqual(findDeadLinks(ROOT), []);
});
