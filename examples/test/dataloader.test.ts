import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { expect, test } from "vitest";
import { type AuthorTable, Loader, main } from "../dataloader.js";

class CountedTable implements AuthorTable {
  readonly asked: number[][] = [];

  async byIds(ids: readonly number[]) {
    this.asked.push([...ids]);
    return new Map(ids.filter((id) => id < 100).map((id) => [id, { id, name: `Author ${id}` }]));
  }
}

test("the books of one turn cost one question, with each author once", async () => {
  const table = new CountedTable();
  expect(await main(table, [[1, 2], [2, 3], [999]])).toEqual([
    ["Author 1", "Author 2"],
    ["Author 2", "Author 3"],
    ["unknown"],
  ]);
  expect(table.asked).toEqual([[1, 2, 3, 999]]);
});

test("what a promise asks for in the same turn is part of the batch, and the next turn asks for what is missing", async () => {
  const table = new CountedTable();
  const cache = createCache<{ id: number; name: string }>({ store: memoryStore() });
  const loader = new Loader(cache, (ids) => table.byIds(ids.map(Number)));
  const chained = Promise.resolve().then(() => loader.load(2));
  expect([await loader.load(1), await chained]).toMatchObject([{ id: 1 }, { id: 2 }]);
  expect(await Promise.all([loader.load(2), loader.load(3)])).toMatchObject([{ id: 2 }, { id: 3 }]);
  expect(table.asked).toEqual([[1, 2], [3]]);
});

test("a table that fails reaches everybody who asked", async () => {
  const cache = createCache<never>({ store: memoryStore() });
  const down = new Error("down");
  const loader = new Loader(cache, () => Promise.reject(down));
  const settled = await Promise.allSettled([loader.load(1), loader.load(2)]);
  expect(settled).toEqual([1, 2].map(() => ({ status: "rejected", reason: down })));
});
