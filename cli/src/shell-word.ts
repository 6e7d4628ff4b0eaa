/** Any text as one word of a shell, as it is where that is safe. */
export function shellWord(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : quoted(text);
}

/** In single quotes, each of its own closed, escaped and opened again. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
