import type { JsonObject } from "@sluice/contracts/envelope";
import type { FastifyReply, FastifyRequest } from "fastify";
import { bodyDigest } from "../../../core/digest.ts";
import { engineError } from "../../../core/errors.ts";
import type { Page, UnreadableRow } from "../../../core/ports.ts";

/** A list under its filters: a cursor of one is none of another. */
export interface Listing {
  readonly list:
    | "audit"
    | "dead-letters"
    | "dead-letter-queues"
    | "flows"
    | "history"
    | "jobs"
    | "keys"
    | "lanes"
    | "pauses"
    | "preview"
    | "runs";
  readonly filters?: JsonObject;
}

/** The cursor of a page as its caller gets it: bound to its list. */
export function bindCursor(listing: Listing, cursor: string | null): string | null {
  return cursor === null ? null : `${markOf(listing)}.${cursor}`;
}

/**
 * The cursor that was bound before; undefined when the caller has none.
 * @throws FLOW_BAD_CURSOR (invalid) when it belongs to another list
 */
export function openCursor(listing: Listing, bound: string | undefined): string | undefined {
  if (bound === undefined) return undefined;
  const mark = `${markOf(listing)}.`;
  if (bound.startsWith(mark)) return bound.slice(mark.length);
  throw engineError(
    "FLOW_BAD_CURSOR",
    "the cursor is none that this list gave with these filters; take it unchanged from the page before, or leave it out",
  );
}

function markOf({ list, filters = {} }: Listing): string {
  return bodyDigest(filters, list).toString(36);
}

/** Points to the next page, with the same filters. @see RFC 8288 */
export function linkNext(request: FastifyRequest, reply: FastifyReply, cursor: string | null): void {
  if (cursor === null) return;
  const [path = "", search = ""] = request.url.split("?", 2);
  const query = new URLSearchParams(search);
  query.set("cursor", cursor);
  void reply.header("link", `<${path}?${query.toString()}>; rel="next"`);
}

/** A page as it is answered. What of it nobody can read stands apart, so that every item is as it is described. */
export function pageBody<T>(
  items: readonly T[],
  cursor: string | null,
  { unreadable }: Pick<Page<unknown>, "unreadable">,
): { items: T[]; cursor: string | null; unreadable?: UnreadableRow[] } {
  const body = { items: [...items], cursor };
  return unreadable === undefined ? body : { ...body, unreadable: [...unreadable] };
}

/** A page of a list that is small enough to be held whole; `items` in order of their keys. */
export function cutPage<T>(
  items: readonly T[],
  limit: number,
  key: { readonly of: (item: T) => string; readonly isBehind: (item: T) => boolean },
): Page<T> {
  const behind = items.filter(key.isBehind);
  const page = behind.slice(0, limit);
  const last = page.at(-1);
  return { items: page, cursor: last !== undefined && behind.length > page.length ? key.of(last) : null };
}
