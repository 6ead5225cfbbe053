import { memoryStore } from "@granary/memory";
import { expect, onTestFinished, test } from "vitest";
import { main } from "../tags-across-namespaces.js";

function openShop() {
  const asked: string[] = [];
  const shop = main(memoryStore(), {
    async product(sku) {
      asked.push(sku);
      return { sku, cents: 4_900 };
    },
    async basketTotal(user) {
      asked.push(user);
      return 4_900;
    },
  });
  onTestFinished(() => shop.close());
  const readAll = async (): Promise<readonly string[]> => {
    asked.length = 0;
    await Promise.all([shop.product("lamp"), shop.product("chair"), shop.basketTotal("ada")]);
    return asked;
  };
  return { shop, readAll };
}

test("a tag that is invalidated at the root reaches both namespaces, and nothing without it", async () => {
  const { shop, readAll } = openShop();
  expect(await readAll()).toEqual(["lamp", "chair", "ada"]);
  expect(await readAll()).toEqual([]);
  expect(await shop.priceChanged("lamp")).toBe(true);
  expect(await readAll()).toEqual(["lamp", "ada"]);
});

test("a child is cleared without its siblings", async () => {
  const { shop, readAll } = openShop();
  await readAll();
  expect(await shop.taxChanged()).toBe(true);
  expect(await readAll()).toEqual(["ada"]);
});
