import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { lex } from "./lex.ts";
import type { Lexed } from "./lex.ts";

/** One place that breaks a rule. `file` is a path from the root of the repository, `line` counts from 1. */
export interface Fault {
  readonly file: string;
  readonly line: number;
  /** What stands there. */
  readonly found: string;
  /** What to do. */
  readonly instead: string;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lexed: Lexed;
}

/** A workspace, or the repository's root itself (`folder` is then empty). */
export interface Package {
  readonly folder: string;
  readonly name: string;
  readonly text: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  /** Door (`./client`, `.`) to file (`./src/client/index.ts`). */
  readonly exports: Readonly<Record<string, string>>;
}

export interface Repository {
  readonly root: string;
  readonly sources: readonly SourceFile[];
  /** The root's package first. */
  readonly packages: readonly Package[];
  has(path: string): boolean;
}

const SOURCE = /\.(?:[cm]?[jt]s|sql)$/;

export function readRepository(root: string): Repository {
  const rootPackage = readPackage(root, "");
  const folders = rootPackage.workspaces.flatMap((pattern) => workspaceFolders(root, pattern));
  return {
    root,
    sources: walk(root, root, ignoredFolders(root))
      .filter((path) => SOURCE.test(path))
      .map((path) => readSource(root, path)),
    packages: [rootPackage, ...folders.map((folder) => readPackage(root, folder))],
    has: (path) => existsSync(join(root, path)),
  };
}

/** A test, or what tests stand on and nothing else. */
export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || isFixture(path);
}

export function isFixture(path: string): boolean {
  return path.split("/").includes("fixtures");
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Whether `path` is `place` or lies in it. */
export function isIn(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** The package a file belongs to: its workspace, else the root's. */
export function packageOf(packages: readonly Package[], path: string): Package {
  const found = packages.find(({ folder }) => folder !== "" && isIn(path, folder)) ?? packages[0];
  if (found === undefined) throw new Error("a repository has its root package at least");
  return found;
}

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, lexed: lex(text) };
}

function readPackage(root: string, folder: string): Package & { readonly workspaces: readonly string[] } {
  const text = readFileSync(join(root, folder, "package.json"), "utf8");
  const {
    name = folder,
    dependencies = {},
    devDependencies = {},
    exports = {},
    workspaces = [],
  } = JSON.parse(text) as Partial<Package & { workspaces: readonly string[] }>;
  return { folder, name, text, dependencies, devDependencies, exports, workspaces };
}

/** `engine` or `examples/*`: the two forms that package.json uses here. */
function workspaceFolders(root: string, pattern: string): readonly string[] {
  if (!pattern.endsWith("/*")) return [pattern];
  const parent = pattern.slice(0, -2);
  return readdirSync(join(root, parent))
    .map((name) => `${parent}/${name}`)
    .filter((folder) => existsSync(join(root, folder, "package.json")));
}

/** Folders at the root that git does not keep are their owner's affair: `my-flow/` of the guide, say. */
function ignoredFolders(root: string): ReadonlySet<string> {
  const file = join(root, ".gitignore");
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return new Set(lines.filter((line) => line.endsWith("/")).map((line) => line.replace(/^\/|\/$/g, "")));
}

function walk(root: string, folder: string, ignored: ReadonlySet<string>): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules" && !name.startsWith("."))
    .filter(({ name }) => folder !== root || !ignored.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(root, path, ignored) : [relative(root, path).split(sep).join("/")];
    });
}
