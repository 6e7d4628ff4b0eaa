/**
 * Takes secrets out of a line before it leaves the process. It works on the finished line, so neither the depth of a
 * field nor the place of a secret inside a message matters.
 */

const HIDDEN = "[hidden]";

/** A field whose name says that it is secret, with a text, a list or a bare value after the colon. */
const SECRET_FIELD =
  /"([\w-]*(?:authorization|password|passwd|secret|api[-_]?key|access[-_]?token|refresh[-_]?token|cookie))":(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,}\]]+)/gi;
const PASSWORD_IN_URL = /(:\/+[^\s:@/"\\]*):[^\s/"\\]+@/g;
const CREDENTIALS = /\b(Bearer|Basic) [\w.~+/-]+=*/g;

export function redact(line: string): string {
  return line
    .replace(SECRET_FIELD, `"$1":"${HIDDEN}"`)
    .replace(PASSWORD_IN_URL, `$1:${HIDDEN}@`)
    .replace(CREDENTIALS, `$1 ${HIDDEN}`);
}
