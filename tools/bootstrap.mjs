/**
 * The one way in: `node tools/bootstrap.mjs start|test|check|run …`, on a fresh clone and with no dependency.
 * This file is parsed by whichever Node the machine has, so it keeps to syntax that old ones know and only
 * then loads the rest: a Node too old gets a sentence instead of a SyntaxError.
 */
const NODE_MAJOR_MIN = 20;

if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR_MIN) {
  console.error(
    "sluice: this is Node " +
      process.versions.node +
      ", expected Node " +
      NODE_MAJOR_MIN +
      " or newer to install with." +
      " Install a newer Node and run the same command again (Sluice then brings the Node 24 it runs on by itself).",
  );
  process.exitCode = 1;
} else {
  void import("./bootstrap/main.mjs").then(({ main }) => main(process.argv.slice(2)));
}
