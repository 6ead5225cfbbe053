import type { Awaitable, CacheBus } from "@granary/core";
import { type BusCase, busCases, type OpenBus } from "./bus-cases.js";
import { check } from "./check.js";
import { type ContractSubject, registerContract, type TestFunction } from "./contract.js";

/** A bus that is put to the test. */
export interface BusSubject extends ContractSubject<never> {
  /** Makes three ends of one bus or more, each of a node of its own, which nobody else uses; called once a case. */
  open(): Awaitable<OpenedBus>;
}

/** What a subject hands over. */
export interface OpenedBus {
  readonly nodes: readonly CacheBus[];
  /** Ends what `open` made beside the buses, clients for example. Each bus's own `close` is called before. */
  close?(): Awaitable<void>;
}

/** All that must hold of a bus, as data. */
export const busContract: readonly BusCase[] = busCases;

/**
 * Registers the contract of a bus with a test runner, a test a case. A case that waits for a message waits as
 * long as the runner lets it. @throws Error where a skip names no case or gives no reason.
 */
export function runBusContract(subject: BusSubject, test: TestFunction): void {
  const withOpened = (use: (opened: OpenBus) => Promise<void>) => withBuses(subject, use);
  registerContract({ cases: busContract, subject, withOpened, has: () => false }, test);
}

async function withBuses(subject: BusSubject, use: (opened: OpenBus) => Promise<void>): Promise<void> {
  const opened = await subject.open();
  const { nodes } = opened;
  const [a, b, c] = nodes;
  try {
    check(a !== undefined && b !== undefined && c !== undefined, "A subject of the bus contract opens three nodes.");
    await use({ a, b, c });
  } finally {
    for (const node of nodes) await node.close?.();
    await opened.close?.();
  }
}
