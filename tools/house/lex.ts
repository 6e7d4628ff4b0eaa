/**
 * Tells code, comments, text and patterns of a TypeScript source apart, so that a rule about code is not set off by a comment and a
 * banned word is found in a message. A light scanner, no parser: formatter and compiler judge the same files, so it trusts what it reads.
 */
export type Kind = "code" | "comment" | "text" | "pattern";

export interface Lexed {
  /** The source with everything of other kinds blanked; offsets and lines stay what they were. */
  only(...kinds: readonly Kind[]): string;
}

export function lex(source: string): Lexed {
  const pieces = new Scanner(source).scan();
  const made = new Map<string, string>();
  return {
    only: (...kinds) => {
      const key = kinds.join();
      const text =
        made.get(key) ?? pieces.map(({ kind, text }) => (kinds.includes(kind) ? text : blank(text))).join("");
      made.set(key, text);
      return text;
    },
  };
}

interface Piece {
  readonly kind: Kind;
  readonly text: string;
}

const HASH_BANG = /^#!.*/y;
const COMMENT = /\/\/.*|\/\*[^]*?\*\//y;
const SPACE = /\s+/y;
const WORD = /[\w$]+/y;
const QUOTE = /["']/y;
/** What follows an opening quote, up to its twin or the end of the line. */
const QUOTED = { '"': /(?:\\[^]|[^\\"\n])*/y, "'": /(?:\\[^]|[^\\'\n])*/y };
const TEMPLATE_TEXT = /(?:\\[^]|\$(?!\{)|[^\\`$])*/y;
const TEMPLATE_HOLE = /\$\{/y;
const PATTERN = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const ANY = /[^]/y;

/** A slash after a value divides; after an operator, an opening bracket or one of these words it begins a pattern. */
const BEFORE_PATTERN =
  /^(?:|[(,=:[!&|?{};+\-*%~^<>]|return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield|instanceof)$/;

class Scanner {
  readonly #source: string;
  readonly #pieces: Piece[] = [];
  /** One entry per template we are inside of: how many braces are open since its `${`. */
  readonly #holes: number[] = [];
  #at = 0;
  /** The last token of code. */
  #before = "";

  constructor(source: string) {
    this.#source = source;
  }

  scan(): readonly Piece[] {
    this.#take(HASH_BANG, "comment");
    while (this.#at < this.#source.length) this.#takeNext();
    return this.#pieces;
  }

  #takeNext(): void {
    if (
      this.#take(COMMENT, "comment") ||
      this.#take(SPACE, "code") ||
      this.#takeString() ||
      this.#takePattern()
    )
      return;
    if (this.#take(WORD, "code")) this.#before = this.#pieces.at(-1)?.text ?? "";
    else this.#takeSign();
  }

  #takeSign(): void {
    this.#take(ANY, "code");
    this.#before = this.#pieces.at(-1)?.text ?? "";
    const depth = this.#holes.at(-1);
    if (this.#before === "`") this.#takeTemplateText();
    else if (this.#before === "}" && depth === 0) {
      this.#holes.pop();
      this.#takeTemplateText();
    } else if (depth !== undefined && this.#before === "{") this.#holes[this.#holes.length - 1] = depth + 1;
    else if (depth !== undefined && this.#before === "}") this.#holes[this.#holes.length - 1] = depth - 1;
  }

  /** From behind the opening quote, or behind the end of a hole, to the next hole or the closing quote. */
  #takeTemplateText(): void {
    this.#take(TEMPLATE_TEXT, "text");
    if (this.#take(TEMPLATE_HOLE, "code")) {
      this.#holes.push(0);
      this.#before = "{";
    } else {
      this.#take(ANY, "code");
      this.#before = "`";
    }
  }

  #takeString(): boolean {
    if (!this.#take(QUOTE, "code")) return false;
    const quote = this.#pieces.at(-1)?.text === '"' ? '"' : "'";
    this.#take(QUOTED[quote], "text");
    this.#take(ANY, "code");
    this.#before = quote;
    return true;
  }

  #takePattern(): boolean {
    if (!BEFORE_PATTERN.test(this.#before) || !this.#take(PATTERN, "pattern")) return false;
    this.#before = "pattern";
    return true;
  }

  #take(what: RegExp, kind: Kind): boolean {
    what.lastIndex = this.#at;
    const text = what.exec(this.#source)?.[0];
    if (text === undefined) return false;
    this.#pieces.push({ kind, text });
    this.#at += text.length;
    return true;
  }
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
