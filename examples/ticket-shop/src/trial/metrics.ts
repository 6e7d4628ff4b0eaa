/** Sums of counters, as a process shows them under `/metrics`. */

/** The sum of a counter over its labels, or over those lines that hold this text; 0 where it was never counted. */
export async function readCounter(url: string, name: string, label = ""): Promise<number> {
  const answer = await fetch(`${url}/metrics`);
  return sumOf(await answer.text(), name, label);
}

/** @see the text format of Prometheus */
export function sumOf(metrics: string, name: string, label = ""): number {
  const lines = metrics
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines
    .filter((line) => line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
