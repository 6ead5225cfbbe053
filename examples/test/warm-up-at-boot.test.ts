import type { WarmUpProgress } from "@granary/core";
import { expect, onTestFinished, test } from "vitest";
import { type Boot, main, type ProductTable, type Service } from "../warm-up-at-boot.js";
import { testClient } from "./support.js";

const PRODUCTS = 500;

class CountedTable implements ProductTable {
  readonly loaded: number[] = [];

  async *ids() {
    for (let id = 0; id < PRODUCTS; id += 1) yield id;
  }

  async byIds(ids: readonly number[]) {
    this.loaded.push(...ids);
    return new Map(ids.map((id) => [id, { id, price: id * 100 }]));
  }
}

function boot(changes: Partial<Boot> & Pick<Boot, "client" | "table">): Service {
  const service = main({ signal: new AbortController().signal, onProgress: () => undefined, ...changes });
  onTestFinished(() => service.products.close());
  return service;
}

test("a process that starts loads every product once, and tells how far it is", async () => {
  const [client, table] = [testClient(), new CountedTable()];
  const seen: WarmUpProgress[] = [];
  const { products, warm } = boot({ client, table, onProgress: (progress) => seen.push(progress) });
  expect(await warm).toEqual({ done: PRODUCTS, found: PRODUCTS });
  expect(seen.map(({ done }) => done)).toEqual([50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
  expect(await products.get(7)).toEqual({ id: 7, price: 700 });
  expect(table.loaded).toHaveLength(PRODUCTS);
});

test("a warm-up that was cut short is run again for what is left", async () => {
  const [client, table] = [testClient(), new CountedTable()];
  const stop = new AbortController();
  const onProgress = ({ done }: WarmUpProgress) => (done >= 200 ? stop.abort("deployed anew") : undefined);
  const first = boot({ client, table, signal: stop.signal, onProgress });
  await expect(first.warm).rejects.toBe("deployed anew");
  const before = new Set(table.loaded);
  expect(before.size).toBeLessThan(PRODUCTS);
  expect(before.size).toBeGreaterThanOrEqual(200);
  const cached = (await first.products.getMany(before)).size;
  expect(cached).toBeGreaterThanOrEqual(200);

  const again = boot({ client, table });
  expect(await again.warm).toEqual({ done: PRODUCTS, found: PRODUCTS });
  expect(table.loaded.length).toBeLessThanOrEqual(PRODUCTS + (before.size - cached));
});
