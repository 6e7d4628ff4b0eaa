/** Whether an error is an answer of Postgres with one of these codes (SQLSTATE). */
export function hasSqlState(error: unknown, codes: readonly string[]): boolean {
  return typeof error === "object" && error !== null && "code" in error && codes.includes(String(error.code));
}
