import { check, checkEqual } from "./check.js";
import { checkAbsent, entryOf, HOUR_MS, keyOf, nowOf, type OpenStore, present, type StoreCase } from "./open-store.js";

const KEY = keyOf("expired");

/** What `expire` promises: a fresh entry is stale, in one step that ends its lease. */
export const storeExpireCases: readonly StoreCase[] = [
  {
    name: "expire makes a fresh entry stale, and keeps what it carries",
    needs: "expire",
    async run(opened) {
      await opened.store.set(KEY, entryOf(opened, "value\nof two lines", { tags: ["t"], etag: "e" }));
      checkEqual(await expire(opened, HOUR_MS), true, "whether it was fresh");
      const { value, tags, etag, freshUntil, keepUntil } = await present(opened, KEY);
      checkEqual([value, tags, etag], ["value\nof two lines", ["t"], "e"], "what it carries");
      check(freshUntil <= nowOf(opened), "The entry is still fresh.");
      check(keepUntil > nowOf(opened), "The entry is gone.");
      checkEqual(await expire(opened, HOUR_MS), false, "whether it was fresh the second time");
    },
  },
  {
    name: "expire deletes what may not be served as stale, and finds nothing where nothing is",
    needs: "expire",
    async run(opened) {
      checkEqual(await expire(opened, 0), false, "whether nothing was fresh");
      await opened.store.set(KEY, entryOf(opened, "value"));
      checkEqual(await expire(opened, 0), true, "whether it was fresh");
      await checkAbsent(opened, KEY);
    },
  },
  {
    name: "expire ends the lease of a key",
    needs: "expire",
    async run(opened) {
      const { leases } = opened.store;
      if (leases === undefined) return;
      const answer = await leases.acquire(KEY, "a");
      check(answer.type === "granted", "The lease was not granted.");
      await expire(opened, HOUR_MS);
      const claim = { token: "a", generations: answer.generations };
      checkEqual(await leases.fill(KEY, entryOf(opened, "loaded"), claim), false, "the fill");
      await checkAbsent(opened, KEY);
    },
  },
];

async function expire(opened: OpenStore, staleMs: number): Promise<boolean> {
  const { store } = opened;
  check(store.expire !== undefined, "The store has no `expire`.");
  return store.expire(KEY, { now: nowOf(opened), staleMs });
}
