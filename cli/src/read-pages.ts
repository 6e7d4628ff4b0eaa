import type { Api } from "./api.ts";
import type { Page } from "./wire.ts";

/** Every page of a list, for lists that are short by nature: flows, pauses. */
export async function readPages<Item>(api: Pick<Api, "get">, path: string): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Item> = await api.get<Page<Item>>(path, { cursor });
    items.push(...page.items);
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}
