import type { FastifyReply, FastifyRequest } from "fastify";
import type { Page } from "../../../core/ports.ts";

/** Points to the next page, with the same filters. @see RFC 8288 */
export function linkNext(request: FastifyRequest, reply: FastifyReply, cursor: string | null): void {
  if (cursor === null) return;
  const [path = "", search = ""] = request.url.split("?", 2);
  const query = new URLSearchParams(search);
  query.set("cursor", cursor);
  void reply.header("link", `<${path}?${query.toString()}>; rel="next"`);
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
