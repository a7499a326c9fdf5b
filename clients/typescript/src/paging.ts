import { GatewayError } from "./problems.js";

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** All that a list has. */
export type Everything<T> = AsyncGenerator<T, void, undefined>;

/** Everything on all pages, asking for the next when it is needed. A page may be short, or empty, and have a next. */
export async function* paged<T>(
  page: (cursor: string | undefined) => Promise<Page<T>>,
  cursor?: string,
): Everything<T> {
  for (;;) {
    const { items, nextCursor } = await page(cursor);
    if (!Array.isArray(items)) throw new GatewayError("the answer is no page of a list");
    yield* items;
    if (!nextCursor) return;
    if (nextCursor === cursor) throw new GatewayError("a page of the list is its own next");
    cursor = nextCursor;
  }
}
