import { type Attempt, PendingAttempt } from "@granary/core";
import { checkEqual } from "./check.js";
import { nextTurn } from "./event-loop.js";
import { checkAbsent, entryOf, keyOf, type OpenStore, present, type StoreCase } from "./open-store.js";

const KEY = keyOf("late");
const OTHER = keyOf("late-too");

/** What `undoes` promises: a write that was given up leaves nothing, however late it is done. */
export const storeLateCases: readonly StoreCase[] = [
  {
    name: "a set that was given up before the server did it leaves nothing",
    needs: "undoes",
    async run(opened) {
      await opened.store.set(KEY, entryOf(opened, "there"));
      await givenUp(opened, (attempt) => opened.store.set(KEY, entryOf(opened, "late"), { attempt }));
      await checkAbsent(opened, KEY);
    },
  },
  {
    name: "a set of many that was given up leaves nothing",
    needs: "undoes",
    async run(opened) {
      const { many } = opened.store;
      if (many === undefined) return;
      const entries = [KEY, OTHER].map((key) => [key, entryOf(opened, "late")] as const);
      await givenUp(opened, (attempt) => many.set(entries, { attempt }));
      for (const key of [KEY, OTHER]) await checkAbsent(opened, key);
    },
  },
  {
    name: "what is written behind a set that was given up stays",
    needs: "undoes",
    async run(opened) {
      await givenUp(
        opened,
        (attempt) => opened.store.set(KEY, entryOf(opened, "late"), { attempt }),
        () => opened.store.set(KEY, entryOf(opened, "later")),
      );
      checkEqual((await present(opened, KEY)).value, "later", "the value");
    },
  },
  {
    name: "a set that was waited for is not undone",
    needs: "undoes",
    async run(opened) {
      const attempt = new PendingAttempt();
      await opened.store.set(KEY, entryOf(opened, "done"), { attempt });
      checkEqual((await present(opened, KEY)).value, "done", "the value");
    },
  },
];

/**
 * Makes a call, which the connection holds back where it can be made to, gives it up meanwhile, and makes another `behind` it.
 * Resolves when all has been done.
 */
async function givenUp(
  { hold }: OpenStore,
  call: (attempt: Attempt) => unknown,
  behind: () => unknown = () => {},
): Promise<void> {
  const release = hold?.();
  const attempt = new PendingAttempt();
  const outcome = Promise.resolve(call(attempt)).catch(() => {});
  // It may wait for the end of the turn before it is sent.
  await nextTurn();
  attempt.giveUp();
  const later = behind();
  await nextTurn();
  await release?.();
  await Promise.all([outcome, later]);
  await nextTurn();
}
