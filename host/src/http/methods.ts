/** Which methods a path takes: for the answer to one that it does not take. */
import type { FastifyInstance } from "fastify";

/** Must be called before the routes are added. The answer is sorted, and empty where nothing answers at all. */
export function trackMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const methodsByPattern = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ method, url }) => {
    const methods = methodsByPattern.get(url) ?? new Set();
    methodsByPattern.set(url, methods);
    for (const each of [method].flat()) methods.add(each);
  });
  return (path) => {
    const found = [...methodsByPattern].filter(([pattern]) => matches(pattern, path));
    return [...new Set(found.flatMap(([, methods]) => [...methods]))].toSorted();
  };
}

/** Parts are compared one by one: `:name` takes any that is not empty, `*` all that follow. */
function matches(pattern: string, path: string): boolean {
  const parts = path.split("/");
  const expected = pattern.split("/");
  const star = expected.indexOf("*");
  const fixed = star === -1 ? expected : expected.slice(0, star);
  if (star === -1 ? parts.length !== expected.length : parts.length < expected.length) return false;
  return fixed.every((part, at) => (part.startsWith(":") ? parts[at] !== "" : part === parts[at]));
}
