import { type CacheStore, createCache } from "@granary/core";
import { z } from "zod";

const Product = z.object({
  sku: z.string(),
  cents: z.bigint().positive(),
  added: z.date(),
});

export type Product = z.infer<typeof Product>;

/**
 * A cache that lets in and gives out products only. What the shared store holds may have been written by last
 * year's release: it is checked when it is read, and what no longer fits is loaded again.
 */
export function main(store: CacheStore) {
  return createCache({ store, namespace: "products", schema: Product });
}
