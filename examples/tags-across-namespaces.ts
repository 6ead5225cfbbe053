import { type Cache, type CacheStore, createCache } from "@granary/core";

export interface Product {
  readonly sku: string;
  readonly cents: number;
}

export interface ShopSource {
  product(sku: string): Promise<Product>;
  basketTotal(user: string): Promise<number>;
}

export interface Shop {
  product(sku: string): Promise<Product>;
  basketTotal(user: string): Promise<number>;
  /** A price has changed: the product goes, and every total in which it stands. */
  priceChanged(sku: string): Promise<boolean>;
  /** Only the totals. */
  taxChanged(): Promise<boolean>;
  close(): Promise<void>;
}

/** Two namespaces of different types under one root. A tag that is invalidated at the root reaches both. */
export function main(store: CacheStore, source: ShopSource): Shop {
  const root: Cache<unknown> = createCache({ store, namespace: "shop", ttl: "10m" });
  const products = root.namespace<Product>("products");
  const totals = root.namespace<number>("totals", { ttl: "1m" });
  return {
    product: (sku) => products.getOrSet(sku, () => source.product(sku), { tags: [`sku:${sku}`] }),
    // What is in the basket is known to the loader only; here every total depends on the one product on sale.
    basketTotal: (user) => totals.getOrSet(user, () => source.basketTotal(user), { tags: ["sku:lamp"] }),
    priceChanged: (sku) => root.invalidateTags(`sku:${sku}`),
    taxChanged: () => totals.clear(),
    close: () => root.close(),
  };
}
