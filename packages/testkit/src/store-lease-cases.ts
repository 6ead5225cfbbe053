import type { LeaseAnswer, LeaseClaim, LeasesCapability } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { nextTurn } from "./event-loop.js";
import { checkAbsent, entryOf, keyOf, type OpenStore, present, type StoreCase } from "./open-store.js";

const KEY = keyOf("leased");

/** How often a lease ends before a watch that has not heard of it counts as deaf. */
const MOST_ROUNDS = 5_000;

/** What `leases` promise: one holder a key, and no write under a lease that something has ended. */
export const storeLeaseCases: readonly StoreCase[] = [
  {
    name: "of many who ask for a lease one gets it, and the others are told how long it lasts",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      const tokens = Array.from({ length: 20 }, (_, n) => `token-${n}`);
      const answers = await Promise.all(tokens.map((token) => leases.acquire(KEY, token)));
      const taken = answers.filter(isTaken);
      checkEqual(taken.length, tokens.length - 1, "how many were refused");
      const [winner] = tokens.filter((_, at) => answers[at]?.type === "granted");
      for (const { leftMs, holder } of taken) {
        checkEqual(holder, winner, "who is said to hold it");
        check(leftMs > 0 && leftMs <= leases.ttlMs, `A lease of ${leases.ttlMs} ms is said to last ${leftMs} ms more.`);
      }
    },
  },
  {
    name: "who holds a lease may ask for it again",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await granted(leases, "a");
      await granted(leases, "a");
    },
  },
  {
    name: "leases of two keys have nothing to do with each other",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await granted(leases, "a");
      checkEqual((await leases.acquire(keyOf("other"), "b")).type, "granted", "the answer for another key");
    },
  },
  {
    name: "the answer holds the entry that is there, stale or fresh, for either asker",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await opened.store.set(KEY, entryOf(opened, "held", { tags: ["t"] }));
      const answers = [await leases.acquire(KEY, "a"), await leases.acquire(KEY, "b")];
      checkEqual(
        answers.map(({ type, entry }) => [type, entry?.value, entry?.tags]),
        [
          ["granted", "held", ["t"]],
          ["taken", "held", ["t"]],
        ],
        "what two askers are told",
      );
    },
  },
  {
    name: "a fill under a lease writes once, and ends it",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      const claim = await granted(leases, "a");
      checkEqual(await leases.fill(KEY, entryOf(opened, "first"), claim), true, "the fill");
      checkEqual(await leases.fill(KEY, entryOf(opened, "second"), claim), false, "a second fill");
      checkEqual((await present(opened, KEY)).value, "first", "the value");
      await granted(leases, "b");
    },
  },
  {
    name: "nobody fills without a lease, or with another's",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      checkEqual(await leases.fill(KEY, entryOf(opened, 1), { token: "a" }), false, "a fill without a lease");
      await granted(leases, "a");
      checkEqual(await leases.fill(KEY, entryOf(opened, 1), { token: "b" }), false, "a fill with another's lease");
      await checkAbsent(opened, KEY);
    },
  },
  {
    name: "a fill with nothing deletes the key under the lease, and nothing without it",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await opened.store.set(KEY, entryOf(opened, "old"));
      checkEqual(await leases.fill(KEY, undefined, { token: "a" }), false, "a deletion without a lease");
      checkEqual((await present(opened, KEY)).value, "old", "the value");
      await granted(leases, "a");
      checkEqual(await leases.fill(KEY, undefined, { token: "b" }), false, "a deletion with another's lease");
      checkEqual(await leases.fill(KEY, undefined, { token: "a" }), true, "the deletion");
      await checkAbsent(opened, KEY);
      checkEqual(await leases.renew(KEY, "a"), false, "a renewal after the deletion");
    },
  },
  ...[changeOf("set"), changeOf("delete"), changeOf("set of many"), changeOf("delete of many")],
  {
    name: "a lease that is given back goes to the next, and fills nothing any more",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await granted(leases, "a");
      await leases.release(KEY, "b");
      checkEqual((await leases.acquire(KEY, "b")).type, "taken", "the answer after another one's release");
      await leases.release(KEY, "a");
      checkEqual(await leases.fill(KEY, entryOf(opened, 1), { token: "a" }), false, "a fill after the release");
      await granted(leases, "b");
    },
  },
  {
    name: "a lease is renewed by its holder while it stands, and by nobody else",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      checkEqual(await leases.renew(KEY, "a"), false, "a renewal of nothing");
      await granted(leases, "a");
      checkEqual(await leases.renew(KEY, "a"), true, "a renewal by the holder");
      checkEqual(await leases.renew(KEY, "b"), false, "a renewal by another");
      await opened.store.delete(KEY);
      checkEqual(await leases.renew(KEY, "a"), false, "a renewal after a delete");
    },
  },
  {
    name: "a lease that is renewed for longer lasts as long",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await granted(leases, "a");
      const ttlMs = 10 * leases.ttlMs;
      checkEqual(await leases.renew(KEY, "a", ttlMs), true, "the renewal");
      const answer = await leases.acquire(KEY, "b");
      check(isTaken(answer), "A lease that was renewed was given to another.");
      const { leftMs } = answer;
      check(
        leftMs > 5 * leases.ttlMs && leftMs <= ttlMs,
        `Renewed for ${ttlMs} ms, it is said to last ${leftMs} ms more.`,
      );
    },
  },
  ...[wakeOf("fill"), wakeOf("fill with nothing"), wakeOf("release")],
  {
    name: "who has stopped watching a lease is not woken",
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await granted(leases, "a");
      let wakes = 0;
      const stop = leases.watch(KEY, () => (wakes += 1));
      stop();
      stop();
      await watched(leases, async (token) => leases.release(KEY, token));
      checkEqual(wakes, 0, "wakes after the watch was stopped");
    },
  },
];

type Change = "set" | "delete" | "set of many" | "delete of many";

/** Every change of a key ends its lease: what a load brings that began before it must not be written over it. */
function changeOf(change: Change): StoreCase {
  return {
    name: `a ${change} ends the lease of its key, also where nothing is there`,
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await granted(leases, "a");
      await CHANGES[change](opened);
      checkEqual(await leases.fill(KEY, entryOf(opened, "old"), { token: "a" }), false, "a fill after the change");
      const found = await opened.store.get(KEY);
      checkEqual(found?.value, change.startsWith("set") ? "new" : undefined, "the value");
      await granted(leases, "b");
    },
  };
}

const CHANGES: Readonly<Record<Change, (opened: OpenStore) => Promise<unknown>>> = {
  set: async (opened) => opened.store.set(KEY, entryOf(opened, "new")),
  delete: async ({ store }) => store.delete(KEY),
  "set of many": async (opened) => {
    const entry = entryOf(opened, "new");
    return opened.store.many?.set([[KEY, entry]]) ?? opened.store.set(KEY, entry);
  },
  "delete of many": async ({ store }) => store.many?.delete([KEY]) ?? store.delete(KEY),
};

function wakeOf(end: "fill" | "fill with nothing" | "release"): StoreCase {
  return {
    name: `a ${end} wakes those who watch the lease`,
    needs: "leases",
    async run(opened) {
      const leases = leasesOf(opened);
      await watched(leases, async (token) => {
        if (end !== "release") await leases.fill(KEY, end === "fill" ? entryOf(opened, 1) : undefined, { token });
        else await leases.release(KEY, token);
      });
    },
  };
}

/** Ends leases of the key until a watch hears of it: one that has just begun need not hear at once. */
async function watched(leases: LeasesCapability, end: (token: string) => Promise<void>): Promise<void> {
  let wakes = 0;
  const stop = leases.watch(KEY, () => (wakes += 1));
  for (let round = 0; wakes === 0 && round < MOST_ROUNDS; round += 1) {
    const token = round === 0 ? "a" : `a-${round}`;
    await leases.acquire(KEY, token);
    await end(token);
    await nextTurn();
  }
  stop();
  check(wakes > 0, `The lease ended ${MOST_ROUNDS} times, and whoever watched it was not woken.`);
}

function leasesOf({ store }: OpenStore): LeasesCapability {
  check(store.leases !== undefined, "The store has no `leases`.");
  return store.leases;
}

/** What a load is written with. */
async function granted(leases: LeasesCapability, token: string): Promise<LeaseClaim> {
  const answer = await leases.acquire(KEY, token);
  check(answer.type === "granted", `The lease was not granted to "${token}".`);
  return { token, generations: answer.generations };
}

function isTaken(answer: LeaseAnswer): answer is Extract<LeaseAnswer, { type: "taken" }> {
  return answer.type === "taken";
}
