import { type Awaitable, isCacheError } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { nextTurn } from "./event-loop.js";
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

const KEY = keyOf("late");
const LIMIT_MS = 20;

/** What `giveUpAfter` promises: what a connection held back for longer than it was waited for is not done any more. */
export const storeLateCases: readonly StoreCase[] = [
  {
    name: "a set that is late is rejected, and leaves what is there",
    needs: "giveUpAfter",
    async run(opened) {
      await opened.store.set(KEY, entryOf(opened, "there"));
      await limit(opened, LIMIT_MS);
      const entry = entryOf(opened, "late");
      checkRefused(await heldBack(opened, async () => opened.store.set(KEY, entry)), "a set");
      checkEqual((await present(opened, KEY)).value, "there", "the value");
    },
  },
  {
    name: "a set of many that is late is rejected, and leaves what is there",
    needs: "giveUpAfter",
    async run(opened) {
      const { many } = opened.store;
      if (many === undefined) return;
      await opened.store.set(KEY, entryOf(opened, "there"));
      await limit(opened, LIMIT_MS);
      const entry = entryOf(opened, "late");
      const set = async (): Promise<void> => many.set([KEY, keyOf("other")].map((key) => [key, entry]));
      checkRefused(await heldBack(opened, set), "a set of many");
      checkEqual((await present(opened, KEY)).value, "there", "the value");
      await checkAbsent(opened, keyOf("other"));
    },
  },
  {
    name: "a question for a lease that is late is rejected, and leaves the lease to others",
    needs: "giveUpAfter",
    async run(opened) {
      const { leases } = opened.store;
      if (leases === undefined) return;
      await limit(opened, LIMIT_MS);
      checkRefused(await heldBack(opened, async () => leases.acquire(KEY, "late")), "a question for a lease");
      await limit(opened, HOUR_MS);
      checkEqual((await leases.acquire(KEY, "next")).type, "granted", "the answer to the next one");
    },
  },
  {
    name: "a delete that is late is done: nobody knows whether what is there is too old",
    needs: "giveUpAfter",
    async run(opened) {
      await opened.store.set(KEY, entryOf(opened, "there"));
      await limit(opened, LIMIT_MS);
      checkDone(await heldBack(opened, async () => opened.store.delete(KEY)), "a delete");
      await checkAbsent(opened, KEY);
    },
  },
  {
    name: "a fill that is late is done while its lease stands",
    needs: "giveUpAfter",
    async run(opened) {
      const { leases } = opened.store;
      if (leases === undefined) return;
      await leases.acquire(KEY, "a");
      await limit(opened, LIMIT_MS);
      const entry = entryOf(opened, "loaded");
      checkDone(await heldBack(opened, async () => leases.fill(KEY, entry, { token: "a" })), "a fill");
      checkEqual((await present(opened, KEY)).value, "loaded", "the value");
    },
  },
  {
    name: "the longest of several limits counts, and what is within it is done",
    needs: "giveUpAfter",
    async run(opened) {
      for (const ms of [LIMIT_MS, HOUR_MS, 0]) await limit(opened, ms);
      await checkAllDone(opened);
    },
  },
  {
    name: "nothing is late as long as nobody has said when",
    needs: "giveUpAfter",
    run: checkAllDone,
  },
];

type Outcome = { readonly answer: unknown } | { readonly error: unknown };

async function limit({ store }: OpenStore, ms: number): Promise<void> {
  check(store.giveUpAfter !== undefined, "The store has no `giveUpAfter`.");
  await store.ready?.();
  store.giveUpAfter(ms);
}

/** What comes of a call that reaches the server when more than `LIMIT_MS` have passed since it was made. */
async function heldBack(opened: OpenStore, call: () => Promise<unknown>): Promise<Outcome> {
  check(opened.hold !== undefined, "To be held to `giveUpAfter`, `open` has to give `hold`.");
  const release = opened.hold();
  const outcome = outcomeOf(call());
  // It may have waited for the end of the turn before it was sent.
  await nextTurn();
  const lateFrom = (opened.store.clock?.latest?.() ?? nowOf(opened)) + LIMIT_MS + 1;
  while (nowOf(opened) <= lateFrom) await passTime(opened);
  await release();
  return outcome;
}

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    return { answer: await call };
  } catch (error) {
    return { error };
  }
}

function checkRefused(outcome: Outcome, what: string): void {
  check("error" in outcome, `${what} that was late is not rejected.`);
  check(isCacheError(outcome.error, "STORE_TIMEOUT"), `${what} was rejected with ${String(outcome.error)}.`);
}

function checkDone(outcome: Outcome, what: string): void {
  check("answer" in outcome, `${what} was rejected: ${"error" in outcome ? String(outcome.error) : ""}`);
}

async function checkAllDone(opened: OpenStore): Promise<void> {
  const { store } = opened;
  const calls: ReadonlyArray<readonly [what: string, call: () => Awaitable<unknown>]> = [
    ["a set", () => store.set(KEY, entryOf(opened, "done"))],
    ["a set of many", () => store.many?.set([[keyOf("other"), entryOf(opened, "done")]])],
    ["a question for a lease", () => store.leases?.acquire(KEY, "a")],
  ];
  for (const [what, call] of calls) checkDone(await heldBack(opened, async () => call()), what);
  checkEqual((await present(opened, KEY)).value, "done", "the value");
}
