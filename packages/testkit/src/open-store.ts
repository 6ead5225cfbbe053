import { type Attempt, type Awaitable, type CacheEntry, type CacheStore, systemClock } from "@granary/core";
import { check } from "./check.js";
import type { ContractCase } from "./contract.js";
import { nextTurn } from "./event-loop.js";
import type { ManualClock } from "./manual-clock.js";

/**
 * What a store may declare. The first ten are members of `CacheStore`; the others are ways to behave:
 * `decodes` passes every entry that it reads through `admit`, `copies` lets no reader change what another one reads, and
 * `undoes` undoes a write that was given up.
 */
export type StoreCapability =
  | "many"
  | "walk"
  | "admits"
  | "close"
  | "invalidate"
  | "generations"
  | "expire"
  | "handles"
  | "leases"
  | "undoes"
  | "decodes"
  | "copies";

/** An open store with the clock that it was offered. */
export interface OpenStore {
  readonly store: CacheStore;
  readonly clock: ManualClock;
  /** Holds back what the store sends, until what it returns is called. */
  readonly hold?: (() => () => Awaitable<void>) | undefined;
}

/** One thing that must hold of every store. */
export type StoreCase = ContractCase<OpenStore, StoreCapability>;

export const HOUR_MS = 3_600_000;

/** A whole instant by the clock that the store's deadlines are in. */
export function nowOf({ store }: OpenStore): number {
  return Math.floor((store.clock ?? systemClock).now());
}

/** An entry that is fresh for an hour, with `changes`. */
export function entryOf(opened: OpenStore, value: unknown, changes: Partial<CacheEntry> = {}): CacheEntry {
  const now = nowOf(opened);
  return { value, createdAt: now, freshUntil: now + HOUR_MS, keepUntil: now + 2 * HOUR_MS, ...changes };
}

/** A key as caches write them. */
export function keyOf(id: string): string {
  return `granary:v1:contract:${id}`;
}

/** What is under `key`. @throws Error where nothing is. */
export async function present({ store }: OpenStore, key: string): Promise<CacheEntry> {
  const entry = await store.get(key);
  check(entry !== undefined, `Nothing is under ${JSON.stringify(key.slice(0, 80))}, where an entry was set.`);
  return entry;
}

/** @throws Error where something is under `key`. */
export async function checkAbsent({ store }: OpenStore, key: string): Promise<void> {
  const entry = await store.get(key);
  check(entry === undefined, `An entry is under ${JSON.stringify(key.slice(0, 80))}, where none should be.`);
}

/** Moves on a little, on a clock of either kind. */
export async function passTime({ clock }: OpenStore): Promise<void> {
  await clock.advance(5);
  await nextTurn();
}

/** Whether the store really has `capability`. */
export function hasCapability(opened: OpenStore, capability: StoreCapability): Awaitable<boolean> {
  return PROBES[capability](opened);
}

const PROBES: Readonly<Record<StoreCapability, (opened: OpenStore) => Awaitable<boolean>>> = {
  many: ({ store }) => store.many !== undefined,
  walk: ({ store }) => store.walk !== undefined,
  admits: ({ store }) => store.admits === true,
  close: ({ store }) => store.close !== undefined,
  invalidate: ({ store }) => store.invalidate !== undefined,
  handles: ({ store }) => store.handles !== undefined,
  leases: ({ store }) => store.leases !== undefined,
  generations: ({ store }) => store.generations !== undefined,
  expire: ({ store }) => store.expire !== undefined,
  undoes: probeUndoes,
  decodes: probeDecodes,
  copies: probeCopies,
};

async function probeDecodes(opened: OpenStore): Promise<boolean> {
  const key = keyOf("probe-decodes");
  let calls = 0;
  await opened.store.set(key, entryOf(opened, 1));
  await opened.store.get(key, undefined, (_key, entry) => {
    calls += 1;
    return entry;
  });
  await opened.store.delete(key);
  return calls > 0;
}

async function probeCopies(opened: OpenStore): Promise<boolean> {
  const key = keyOf("probe-copies");
  await opened.store.set(key, entryOf(opened, { n: 1 }));
  const first = await present(opened, key);
  Reflect.set(first.value as object, "n", 2);
  const second = await present(opened, key);
  await opened.store.delete(key);
  return Reflect.get(second.value as object, "n") === 1;
}

async function probeUndoes(opened: OpenStore): Promise<boolean> {
  let listens = false;
  const attempt: Attempt = { isGivenUp: false, onGiveUp: () => void (listens = true) };
  const setting = opened.store.set(keyOf("probe-undoes"), entryOf(opened, 1), { attempt });
  await setting;
  await opened.store.delete(keyOf("probe-undoes"));
  return listens;
}
