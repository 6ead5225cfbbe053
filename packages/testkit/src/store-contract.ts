import type { Awaitable, CacheStore } from "@granary/core";
import { type ContractSubject, registerContract, type TestFunction } from "./contract.js";
import { type ManualClock, manualClock } from "./manual-clock.js";
import { hasCapability, type OpenStore, type StoreCapability, type StoreCase } from "./open-store.js";
import { storeAdmitCases } from "./store-admit-cases.js";
import { storeDeadlineCases } from "./store-deadline-cases.js";
import { storeExpireCases } from "./store-expire-cases.js";
import { storeHandleCases } from "./store-handle-cases.js";
import { storeInvalidateCases } from "./store-invalidate-cases.js";
import { storeKeyCases } from "./store-key-cases.js";
import { storeLateCases } from "./store-late-cases.js";
import { storeLeaseCases } from "./store-lease-cases.js";
import { storeManyCases } from "./store-many-cases.js";
import { storeValueCases } from "./store-value-cases.js";
import { storeVerbCases } from "./store-verb-cases.js";
import { storeWalkCases } from "./store-walk-cases.js";

/** A store that is put to the test. */
export interface StoreSubject extends ContractSubject<StoreCapability> {
  /**
   * Makes an empty store; called once a case. A store whose clock can be given takes `context.clock` and has it
   * as its `clock`; any other goes by its own `clock`, or else by the machine's.
   */
  open(context: StoreContext): Awaitable<OpenedStore>;
}

/** What a subject is given to make its store. */
export interface StoreContext {
  readonly clock: ManualClock;
}

/** What a subject hands over. */
export interface OpenedStore {
  readonly store: CacheStore;
  /**
   * Holds back what the store sends from now on, before it reaches the server, until what it returns is called: then
   * all of it goes on.
   */
  hold?(): () => Awaitable<void>;
  /** Ends what `open` made beside the store, a client for example. The store's own `close` is called before. */
  close?(): Awaitable<void>;
}

/** All that must hold of a store, as data. */
export const storeContract: readonly StoreCase[] = [
  ...storeVerbCases,
  ...storeValueCases,
  ...storeDeadlineCases,
  ...storeKeyCases,
  ...storeManyCases,
  ...storeWalkCases,
  ...storeAdmitCases,
  ...storeInvalidateCases,
  ...storeExpireCases,
  ...storeHandleCases,
  ...storeLeaseCases,
  ...storeLateCases,
];

/**
 * Registers the contract of a store with a test runner, a test a case.
 * @throws Error where a skip names no case or gives no reason.
 */
export function runStoreContract(subject: StoreSubject, test: TestFunction): void {
  const withOpened = (use: (opened: OpenStore) => Promise<void>) => withStore(subject, use);
  registerContract({ cases: storeContract, subject, withOpened, has: hasCapability }, test);
}

async function withStore(subject: StoreSubject, use: (opened: OpenStore) => Promise<void>): Promise<void> {
  const clock = manualClock();
  const opened = await subject.open({ clock });
  // As a cache does that uses the store.
  const stop = opened.store.on?.(() => {});
  try {
    await use({ store: opened.store, clock, hold: opened.hold?.bind(opened) });
  } finally {
    await stop?.();
    await opened.store.close?.();
    await opened.close?.();
  }
}
