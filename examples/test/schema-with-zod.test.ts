import { type CacheEvents, createCache, isCacheError } from "@granary/core";
import { redisStore } from "@granary/redis";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import { main, type Product } from "../schema-with-zod.js";
import { testClient } from "./support.js";

const tea: Product = { sku: "tea", cents: 420n, added: new Date("2026-11-22") };

test("a stored value that no longer fits is a miss and an event", async () => {
  const { products, lastYears, errors } = openBoth();
  await lastYears.set("tea", { sku: "tea", price: "4.20" });

  expect(await products.get("tea")).toBeUndefined();
  expect(errors).toEqual([expect.objectContaining({ operation: "validate" })]);
  expect(isCacheError(errors[0]?.error, "INVALID_VALUE")).toBe(true);
});

test("it is loaded again, and fits from then on", async () => {
  const { products, lastYears } = openBoth();
  await lastYears.set("tea", { sku: "tea", price: "4.20" });
  expect(await products.getOrSet("tea", () => tea)).toEqual(tea);
  expect(await products.get("tea")).toEqual(tea);
  expect(products.stats()).toMatchObject({ hits: 1, misses: 1, loads: 1 });
});

test("a loader's bad value rejects, says why, and is not stored", async () => {
  const { products } = openBoth();
  const loading = products.getOrSet("tea", () => ({ ...tea, cents: -1n }));
  await expect(loading).rejects.toMatchObject({ code: "INVALID_VALUE", message: expect.stringContaining("cents") });
  expect(await products.entry("tea")).toBeUndefined();
});

test("the schema gives the cache its type", async () => {
  const { products } = openBoth();
  expectTypeOf(products.get).returns.resolves.toEqualTypeOf<Product | undefined>();
});

/** The cache, and that of a release that knew no schema, on one Redis. */
function openBoth() {
  const client = testClient();
  const products = main(redisStore({ client }));
  const lastYears = createCache<unknown>({ store: redisStore({ client }), namespace: "products" });
  const errors: Array<CacheEvents["error"]> = [];
  products.on("error", (event) => errors.push(event));
  onTestFinished(async () => void (await Promise.all([products.close(), lastYears.close()])));
  return { products, lastYears, errors };
}
