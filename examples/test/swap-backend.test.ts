import type { CacheStore } from "@granary/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { type PriceSource, priceList, productionStore, testStore } from "../swap-backend.js";
import { testClient } from "./support.js";

const backends: ReadonlyArray<readonly [name: string, open: () => CacheStore]> = [
  ["memory, as in tests", testStore],
  ["memory over Redis, as in production", () => productionStore(testClient())],
];

class CountingSource implements PriceSource {
  reads = 0;
  readonly #prices = new Map([["tea", 420n]]);

  async read(sku: string): Promise<bigint> {
    this.reads += 1;
    return this.#prices.get(sku) ?? 0n;
  }

  async write(sku: string, cents: bigint): Promise<void> {
    this.#prices.set(sku, cents);
  }
}

describe.each(backends)("the price list on %s", (_, open) => {
  test("reads a price from its source once", async () => {
    const source = new CountingSource();
    const prices = openPriceList(open(), source);
    expect([await prices.priceOf("tea"), await prices.priceOf("tea")]).toEqual([420n, 420n]);
    expect(source.reads).toBe(1);
  });

  test("gives the new price after a change", async () => {
    const prices = openPriceList(open(), new CountingSource());
    expect(await prices.priceOf("tea")).toBe(420n);
    await prices.changePrice("tea", 450n);
    expect(await prices.priceOf("tea")).toBe(450n);
  });
});

function openPriceList(store: CacheStore, source: PriceSource) {
  const prices = priceList(store, source);
  onTestFinished(() => prices.close());
  return prices;
}
