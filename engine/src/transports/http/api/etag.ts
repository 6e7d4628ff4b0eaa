/** The entity tag of a run: its version, which grows with every change. */
export function etagOf(run: { readonly version: number }): string {
  return `"${run.version}"`;
}

/** Whether `If-None-Match` names this tag. @see RFC 9110 section 13.1.2 */
export function namesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((each) => ["*", etag].includes(each.trim().replace(/^W\//, "")));
}
