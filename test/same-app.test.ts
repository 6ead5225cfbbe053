import { isEqual, keyTable, valueTable } from "@granary/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ShopApp, shopApp } from "./support/shop-app.js";
import { shopStores } from "./support/shop-stores.js";

type Scenario = (app: ShopApp) => Promise<unknown>;

const EURO_DAYS = { currency: "EUR", day: 7 };
const DAYS_EURO = { day: 7, currency: "EUR" };

/** What users do, each with all that it answers. */
const scenarios: Readonly<Record<string, { readonly play: Scenario; readonly expected: unknown }>> = {
  "an absent id": {
    play: async (app) => [await app.take("no"), await app.holds("no"), await app.lifeOf("no"), await app.remove("no")],
    expected: [undefined, false, undefined, false],
  },
  "set, read, delete": {
    play: async (app) => [
      await app.put("a", { n: 1 }),
      await app.take("a"),
      await app.holds("a"),
      await app.remove("a"),
      await app.take("a"),
      await app.remove("a"),
    ],
    expected: [true, { n: 1 }, true, true, undefined, false],
  },
  "a number and its text are one id": {
    play: async (app) => [await app.put(7, "seven"), await app.take("7"), await app.remove("7"), await app.take(7)],
    expected: [true, "seven", true, undefined],
  },
  "one load for many callers, and none after it": {
    play: async (app) => {
      const articles = await Promise.all(Array.from({ length: 100 }, () => app.article("x")));
      return [new Set(articles.map((article) => article?.name)), await app.article("x"), app.loads()];
    },
    expected: [new Set(["Article x"]), { name: "Article x", since: new Date(0) }, ["article x"]],
  },
  "an absent price is remembered, undefined as well as null": {
    play: async (app) => [
      await app.price("gone", {}, null),
      await app.price("gone", {}, 1),
      await app.price("none", {}, undefined),
      await app.price("none", {}, 1),
      app.loads(),
    ],
    expected: [null, null, undefined, undefined, ["price gone", "price none"]],
  },
  "without a negative ttl null is a value, and undefined is not kept": {
    play: async (app) => [
      await app.takeOrLoad("null", () => null),
      await app.takeOrLoad("null", () => "loaded again"),
      await app.takeOrLoad("undefined", () => undefined),
      await app.takeOrLoad("undefined", () => "loaded again"),
      await app.put("set", undefined),
      await app.holds("set"),
    ],
    expected: [null, null, undefined, "loaded again", false, false],
  },
  "params in any order are one key, and other params another": {
    play: async (app) => [
      await app.price("p", EURO_DAYS, 1),
      await app.price("p", DAYS_EURO, 2),
      await app.price("p", { currency: "EUR", day: "7" }, 3),
      await app.price("p", {}, 4),
      app.loads().length,
    ],
    expected: [1, 1, 3, 4, 3],
  },
  "an outdated article is loaded again, and served while the shop is down": {
    play: async (app) => [
      await app.article("a"),
      await app.outdate("a"),
      await app.outdate("a"),
      await app.articleWhileDown("a"),
      await app.outdate("never there"),
    ],
    expected: [
      { name: "Article a", since: new Date(0) },
      true,
      false,
      { name: "Article a", since: new Date(0) },
      false,
    ],
  },
  "the error of a load reaches its caller as it is": {
    play: (app) => app.articleWhileDown("b").catch((error: unknown) => error),
    expected: new Error("The shop is down."),
  },
  "clear takes what is in the namespace, and no more": {
    play: async (app) => {
      await Promise.all([app.put("kept", 1), app.article("a"), app.article("b"), app.price("a", EURO_DAYS, 5)]);
      await app.closeArticles();
      const kept = [
        await app.take("kept"),
        await app.price("a", EURO_DAYS, 6),
        await app.article("a"),
        app.loads().length,
      ];
      await app.closeAll();
      return [...kept, await app.take("kept"), await app.price("a", EURO_DAYS, 7), await app.article("a")];
    },
    expected: [
      1,
      5,
      { name: "Article a", since: new Date(0) },
      4,
      undefined,
      7,
      { name: "Article a", since: new Date(0) },
    ],
  },
  "what was counted": {
    play: async (app) => {
      await app.take("a");
      await app.put("a", 1);
      await app.take("a");
      await app.remove("a");
      await app.takeOrLoad("a", () => 2);
      const { gets, hits, misses, loads, sets, deletes, errors } = app.counts().shop;
      return { gets, hits, misses, loads, sets, deletes, errors };
    },
    expected: { gets: 3, hits: 1, misses: 2, loads: 1, sets: 1, deletes: 1, errors: 0 },
  },
};

describe.each(shopStores)("the same application on %s", (_name, openStore) => {
  test.each(Object.entries(scenarios))("%s", async (_scenario, { play, expected }) => {
    const outcome = await play(openApp());
    expect(isEqual(outcome, expected), `it gave ${JSON.stringify(outcome)}`).toBe(true);
  });

  test.each(valueTable)("it carries $name, set or loaded, unchanged", async ({ name, make }) => {
    const app = openApp();
    const isStored = await app.put("set", make());
    // `undefined` means absent, so it is not kept, and loaded each time.
    expect(isStored).toBe(name !== "undefined");
    expect(isEqual(await app.take("set"), make())).toBe(true);
    expect(isEqual(await app.takeOrLoad("loaded", make), make())).toBe(true);
    const again = await app.takeOrLoad("loaded", () => "loaded again");
    expect(isEqual(again, name === "undefined" ? "loaded again" : make())).toBe(true);
  });

  test("no two odd ids are one", async () => {
    const app = openApp();
    const ids = [...keyTable, "", "1", "01", "1.0", "?", "%3F", "a?b", "{}", "\ud800"];
    expect(new Set(ids).size).toBe(ids.length);
    await Promise.all(ids.map((id) => app.put(id, `value of ${id}`)));
    expect(await Promise.all(ids.map((id) => app.take(id)))).toEqual(ids.map((id) => `value of ${id}`));
    expect(await Promise.all(ids.map((id) => app.remove(id)))).toEqual(ids.map(() => true));
    expect(await Promise.all(ids.map((id) => app.holds(id)))).toEqual(ids.map(() => false));
  });

  test("an entry has its ttl left to live, never more", async () => {
    const app = openApp();
    const before = Date.now();
    await app.put("a", 1);
    const life = (await app.lifeOf("a")) ?? 0;
    expect(life).toBeGreaterThan(300_000 - (Date.now() - before) - 2);
    expect(life).toBeLessThanOrEqual(300_000);
  });

  function openApp(): ShopApp {
    const { store, disconnect } = openStore();
    const app = shopApp(store, "shop");
    onTestFinished(async () => {
      await app.close();
      await disconnect();
    });
    return app;
  }
});

test("a store that forgets is noticed by most scenarios", async () => {
  const forgetful = { name: "forgetful", get: () => undefined, set: () => undefined, delete: () => false };
  const outcomes = await Promise.all(
    Object.values(scenarios).map(async ({ play, expected }) => {
      const outcome = await play(shopApp(forgetful, "shop")).catch((error: unknown) => error);
      return isEqual(outcome, expected);
    }),
  );
  expect(outcomes.filter((holds) => !holds).length).toBeGreaterThan(6);
});
