import type { CacheEntry } from "@granary/core";
import { check, checkEqual } from "./check.js";
import {
  checkAbsent,
  entryOf,
  HOUR_MS,
  keyOf,
  nowOf,
  type OpenStore,
  passTime,
  present,
  type StoreCase,
} from "./open-store.js";

const DAY_MS = 24 * HOUR_MS;
const NEVER = Number.POSITIVE_INFINITY;

/** That deadlines are instants, kept to the millisecond, and obeyed. */
export const storeDeadlineCases: readonly StoreCase[] = [
  {
    name: "deadlines come back exactly, however long ago the load began",
    async run(opened) {
      const now = nowOf(opened);
      await checkDeadlines(opened, { createdAt: now, freshUntil: now + 61_001, keepUntil: now + 3_600_007 });
      await checkDeadlines(opened, { createdAt: now - DAY_MS, freshUntil: now + 60_003, keepUntil: now + 90_001 });
      await checkDeadlines(opened, { createdAt: 0, freshUntil: 1, keepUntil: now + 90_001 });
    },
  },
  {
    name: "a deadline further off than any timer reaches comes back exactly",
    async run(opened) {
      const now = nowOf(opened);
      await checkDeadlines(opened, { createdAt: now, freshUntil: now + 30 * DAY_MS, keepUntil: now + 400 * DAY_MS });
      await checkDeadlines(opened, { createdAt: now, freshUntil: now + 1, keepUntil: now + 365_000 * DAY_MS });
    },
  },
  {
    name: "an entry may never expire",
    async run(opened) {
      const now = nowOf(opened);
      await checkDeadlines(opened, { createdAt: now, freshUntil: NEVER, keepUntil: NEVER });
      await checkDeadlines(opened, { createdAt: now, freshUntil: now + 1, keepUntil: NEVER });
    },
  },
  {
    name: "a stale entry is returned",
    async run(opened) {
      const now = nowOf(opened);
      await checkDeadlines(opened, { createdAt: now - 2_000, freshUntil: now - 1_000, keepUntil: now + HOUR_MS });
    },
  },
  {
    name: "an entry copied to another key does not start its life again",
    async run(opened) {
      const now = nowOf(opened);
      const deadlines = { createdAt: now - HOUR_MS, freshUntil: now + 60_000, keepUntil: now + 90_000 };
      await opened.store.set(keyOf("original"), entryOf(opened, 1, deadlines));
      await passTime(opened);
      await opened.store.set(keyOf("copy"), await present(opened, keyOf("original")));
      checkEqual(deadlinesOf(await present(opened, keyOf("copy"))), deadlines, "the deadlines of the copy");
    },
  },
  {
    name: "an entry that is gone when it is set is not returned",
    async run(opened) {
      const now = nowOf(opened);
      for (const keepUntil of [now, now - 1, now - DAY_MS, 0]) {
        const key = keyOf(`gone-${keepUntil}`);
        const createdAt = Math.min(keepUntil, now - HOUR_MS);
        await opened.store.set(key, entryOf(opened, 1, { createdAt, freshUntil: keepUntil, keepUntil }));
        await checkAbsent(opened, key);
      }
    },
  },
  {
    name: "an entry that is gone when it is set takes the place of the one before",
    async run(opened) {
      const [key, now] = [keyOf("outlived"), nowOf(opened)];
      await opened.store.set(key, entryOf(opened, "old", { freshUntil: NEVER, keepUntil: NEVER }));
      await opened.store.set(key, entryOf(opened, "new", { freshUntil: now - 1, keepUntil: now - 1 }));
      await checkAbsent(opened, key);
    },
  },
  {
    name: "an entry is never returned from its keepUntil on",
    run: (opened) => checkEnds(opened, (now) => ({ freshUntil: now + 20, keepUntil: now + 40 })),
  },
  {
    name: "an entry whose load took long ends at its keepUntil too",
    run: (opened) =>
      checkEnds(opened, (now) => ({ createdAt: now - HOUR_MS, freshUntil: now + 10, keepUntil: now + 40 })),
  },
  {
    name: "a shorter life replaces a longer one, and an endless one",
    async run(opened) {
      const key = keyOf("ends");
      await opened.store.set(key, entryOf(opened, "old", { freshUntil: NEVER, keepUntil: NEVER }));
      await checkEnds(opened, (now) => ({ freshUntil: now + 20, keepUntil: now + 40 }));
    },
  },
  {
    name: "a longer life replaces a shorter one",
    async run(opened) {
      const key = keyOf("extended");
      const ending = nowOf(opened) + 30;
      await opened.store.set(key, entryOf(opened, "old", { freshUntil: ending, keepUntil: ending }));
      await opened.store.set(key, entryOf(opened, "new"));
      while (nowOf(opened) <= ending) await passTime(opened);
      checkEqual((await present(opened, key)).value, "new", "the value after the first one's end");
    },
  },
];

type Deadlines = Pick<CacheEntry, "createdAt" | "freshUntil" | "keepUntil">;

function deadlinesOf({ createdAt, freshUntil, keepUntil }: CacheEntry): Deadlines {
  return { createdAt, freshUntil, keepUntil };
}

async function checkDeadlines(opened: OpenStore, deadlines: Deadlines): Promise<void> {
  const key = keyOf("deadlines");
  await opened.store.set(key, entryOf(opened, 1, deadlines));
  checkEqual(deadlinesOf(await present(opened, key)), deadlines, "the deadlines read back");
}

/** Reads until the entry is gone: by its own clock no read that began after `keepUntil` may find it. */
async function checkEnds(opened: OpenStore, life: (now: number) => Partial<CacheEntry>): Promise<void> {
  const key = keyOf("ends");
  const entry = entryOf(opened, 1, life(nowOf(opened)));
  await opened.store.set(key, entry);
  for (let hasEnded = false; !hasEnded; await passTime(opened)) {
    hasEnded = nowOf(opened) >= entry.keepUntil;
    const found = await opened.store.get(key);
    check(!hasEnded || found === undefined, "An entry is returned after its keepUntil.");
  }
}
