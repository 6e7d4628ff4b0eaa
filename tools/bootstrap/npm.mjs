import { accessSync, constants } from "node:fs";
import { basename, delimiter, join, sep } from "node:path";
import { Refusal } from "./refusal.mjs";

/**
 * How to call npm: the one that called us, else the one on the PATH, and never with a Node of `node_modules`,
 * because the install deletes that folder under it.
 * @returns {{ command: string, args: readonly string[], env: NodeJS.ProcessEnv }}
 */
export function npmCommand(root, env) {
  const outside = { ...env, PATH: pathOutside(root, env.PATH ?? "") };
  const script = env.npm_execpath;
  if (script !== undefined && basename(script) === "npm-cli.js" && isFile(script)) {
    return { command: nodeOutside(root, outside), args: [script], env: outside };
  }
  const npm = findOnPath("npm", outside.PATH);
  if (npm === undefined) {
    throw new Refusal(
      "no npm was found on the PATH, and it is needed once to install. Install npm and run the same command again.",
    );
  }
  return { command: npm, args: [], env: outside };
}

function nodeOutside(root, env) {
  const known = [env.npm_node_execpath, process.execPath].find(
    (path) => path !== undefined && !path.startsWith(join(root, "node_modules") + sep) && isFile(path),
  );
  const node = known ?? findOnPath("node", env.PATH);
  if (node === undefined) {
    throw new Refusal(
      "no Node outside of node_modules was found, and npm needs one to install with. Put Node 20 or newer on the PATH.",
    );
  }
  return node;
}

function pathOutside(root, path) {
  const inside = join(root, "node_modules") + sep;
  return path
    .split(delimiter)
    .filter((folder) => folder !== "" && !(folder + sep).startsWith(inside))
    .join(delimiter);
}

function findOnPath(name, path) {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isFile(path) {
  return isAccessible(path, constants.R_OK);
}

function isExecutable(path) {
  return isAccessible(path, constants.X_OK);
}

function isAccessible(path, mode) {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
