/** Longer than a code with its message, shorter than a stack. */
const CHARS_MAX = 2_000;

/** The newest line of a log that tells of a failure, else the newest line; null when there is none. */
export function lastError(log: string): string | null {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  const line = lines.findLast(isFailure) ?? lines.at(-1);
  return line?.slice(0, CHARS_MAX) ?? null;
}

/** A line of our log, or what Node says of an error that nobody has caught. */
function isFailure(line: string): boolean {
  return /"level":"(?:error|fatal)"/.test(line) || /^\s*(?:\w*Error\b|\w+ \[\w+\]:)/.test(line);
}
