/** Parsers of options that take several values with commas between them. */
import { InvalidArgumentError } from "commander";

/** Each value once, in the order given. */
export function listOf<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => [...new Set(text.split(",").map((value) => parse(value.trim())))];
}

export function oneOf<const Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(`Expected ${words.join(", ")}.`);
  };
}
