/** Colors and the taming of foreign text: what a server says must not steer the terminal. */
import { styleText } from "node:util";
import type { Env } from "@sluice/host/options";

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

/** @see https://no-color.org */
export function hasColors(isTTY: boolean, env: Env): boolean {
  return isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

export function createStyle(isColored: boolean): Style {
  const paint =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      isColored ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    good: paint("green"),
    bad: paint("red"),
    warn: paint("yellow"),
  };
}

/** Control characters, which could move the cursor or change the title of the terminal. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A text as one harmless line: control characters appear as their escapes. */
export function tame(text: string): string {
  return text.replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    if (character === "\n") return "\\n";
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
