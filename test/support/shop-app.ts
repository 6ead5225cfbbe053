import { type Cache, type CacheStore, createCache, type Id } from "@granary/core";

/** What the shop knows of one article. */
export interface Article {
  readonly name: string;
  readonly since: Date;
}

/** An application as a user writes it: it is given a store, and nothing in it depends on which one. */
export function shopApp(store: CacheStore, space: string) {
  const loads: string[] = [];
  const shop: Cache<unknown> = createCache<unknown>({ store, namespace: space, ttl: "5m", jitter: false });
  const articles = shop.namespace<Article | undefined>("articles", { ttl: "1h", staleIfError: "1h" });
  const prices = shop.namespace<number | null | undefined>("prices", { ttl: "1m", negativeTtl: "30s" });

  return {
    /** Any value under any id, as it is. */
    put: (id: Id, value: unknown) => shop.set(id, value),
    take: (id: Id) => shop.get(id),
    takeOrLoad: (id: Id, load: () => unknown) => shop.getOrSet(id, load),
    holds: (id: Id) => shop.has(id),
    remove: (id: Id) => shop.delete(id),
    lifeOf: (id: Id) => shop.ttl(id),
    article: (id: Id) =>
      articles.getOrSet(id, () => {
        loads.push(`article ${id}`);
        return { name: `Article ${id}`, since: new Date(0) };
      }),
    articleWhileDown: (id: Id) => articles.getOrSet(id, ({ fail }) => fail(new Error("The shop is down."))),
    outdate: (id: Id) => articles.expire(id),
    price: (id: Id, currency: Readonly<Record<string, string | number>>, found: number | null | undefined) =>
      prices.getOrSet(
        id,
        () => {
          loads.push(`price ${id}`);
          return found;
        },
        { params: currency },
      ),
    closeArticles: () => articles.clear(),
    closeAll: () => shop.clear(),
    /** What had to be loaded so far, in order. */
    loads: (): readonly string[] => [...loads],
    counts: () => ({ shop: shop.stats(), articles: articles.stats(), prices: prices.stats() }),
    close: () => shop.close(),
  };
}

export type ShopApp = ReturnType<typeof shopApp>;
