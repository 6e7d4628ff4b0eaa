const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text can be the id of a run: a UUID in lower case. Any other would fail the batch that looks for it. */
export function isRunId(text: string): boolean {
  return UUID.test(text);
}
