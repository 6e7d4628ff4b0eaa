/** Members of the objects in a JSON text, as they are written: a parser keeps the last of equal names, and says nothing. */

/** A name that stands twice in one object of a text that has been parsed as `value`; null where none does. */
export function findRepeatedName(text: string, value: unknown): string | null {
  // Counting is cheap, and tells all texts from those in which a name is lost.
  return countNames(text) === countMembers(value) ? null : firstRepeatedName(text);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Outside of strings a colon stands behind names alone. */
function countNames(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === COLON) count++;
  }
  return count;
}

/** Where the string that begins at a quote has its other one. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  for (let unit = text.charCodeAt(at); unit !== QUOTE; unit = text.charCodeAt(at))
    at += unit === BACKSLASH ? 2 : 1;
  return at;
}

/** By a list of its own instead of the stack, which a deep value would exhaust. */
function countMembers(root: unknown): number {
  let count = 0;
  const open: object[] = typeof root === "object" && root !== null ? [root] : [];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const inner: readonly unknown[] = Object.values(value);
    if (!Array.isArray(value)) count += inner.length;
    for (const each of inner) if (typeof each === "object" && each !== null) open.push(each);
  }
  return count;
}

/** Of a text that has one: its brackets and strings are enough to tell. */
function firstRepeatedName(text: string): string | null {
  const objects: Set<string>[] = [];
  let last = "";
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}:]/g)) {
    const names = objects.at(-1);
    if (token === "{") objects.push(new Set());
    else if (token === "}") objects.pop();
    else if (token !== ":") last = token;
    else if (names !== undefined) {
      const name = JSON.parse(last) as string;
      if (names.has(name)) return name;
      names.add(name);
    }
  }
  return null;
}
