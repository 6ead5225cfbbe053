import { CLOCK_ERROR_MS, type Clock } from "./clock.js";
import { type CacheContext, type Call, isFresh } from "./context.js";
import { type CacheEntry, isPromiseLike } from "./entry.js";
import { newToken } from "./lease.js";
import { isStored, staleMs } from "./lifetime.js";
import { checkedValue, entryOf, takerFor } from "./load.js";
import { checkTags, type ResolvedPolicy } from "./policy.js";
import { basesOf } from "./scope.js";
import type { CacheStore, Invalidation, LeaseAnswer } from "./store.js";

/**
 * Writes a value; resolves to whether every tier took it. A value that the policy says not to store (`ttl: 0`,
 * `undefined` without a `negativeTtl`) removes the old one, which it has replaced, and resolves to `false`.
 */
export async function set(context: CacheContext, call: Call, value: unknown): Promise<boolean> {
  const checking = checkedValue(context, call, takerFor(context, [call.key])(value));
  let checked = isPromiseLike(checking) ? await checking : checking;
  const waiting = context.store.ready();
  if (waiting !== undefined) {
    checked = context.store.values.takeForLater(checked);
    await waiting;
  }
  const stored = isStored(call.policy, checked)
    ? await context.flights.latest.change(call.key, () => write(context, call, checked))
    : await context.flights.change([call.key], () => removeUnstored(context, call.key));
  context.counters.sets += 1;
  if (context.emitter.heard.set > 0) context.emitter.emit("set", { key: call.key });
  return stored;
}

async function write(context: CacheContext, call: Call, value: unknown): Promise<boolean> {
  const entry = entryOf(context, call, value);
  return entry !== undefined && context.store.set(call.key, entry, "write");
}

async function removeUnstored({ stamps, store }: CacheContext, key: string): Promise<false> {
  await store.delete(key, stamps.mark());
  return false;
}

/** Deletes a key; resolves to whether something was there. */
export async function remove(context: CacheContext, key: string): Promise<boolean> {
  const existed = await context.flights.change([key], () => context.store.delete(key, context.stamps.mark()));
  context.counters.deletes += 1;
  if (context.emitter.heard.delete > 0) context.emitter.emit("delete", { key, existed });
  return existed;
}

/** Makes the entry stale now, and keeps it as long as the policy serves stale ones; resolves to whether it was fresh. */
export async function expire(context: CacheContext, call: Call): Promise<boolean> {
  const { key } = call;
  const expired = await context.flights.change([key], async () => {
    const token = newToken();
    const answer = await context.store.acquire(key, token);
    if (answer === undefined) return expirePlainly(context, call);
    return context.store.fill(key, (store) => expireUnderLease(context, call, { store, token, answer }));
  });
  if (context.emitter.heard.expire > 0) context.emitter.emit("expire", { key });
  return expired;
}

async function expirePlainly({ clock, store, stamps }: CacheContext, { key, policy }: Call): Promise<boolean> {
  const now = clock.now();
  const found = await store.get(key, now);
  const stale = found && expiredEntry(found, policy, clock);
  if (stale === undefined) await store.delete(key, stamps.mark());
  else await store.set(key, stale, "expire");
  return found !== undefined && isFresh(found, now);
}

/**
 * Under a lease no change falls between the look and the write. Without one this happened: A looks, B deletes the key,
 * A writes what it saw back as stale, and the deleted value is served while it is refreshed, or because a load fails.
 * Something is written or deleted also where nothing fresh is there: a load on another node that began before this
 * call must not be taken for fresh, so its lease has to end and the others have to hear of it.
 */
async function expireUnderLease({ clock, stamps }: CacheContext, call: Call, far: Leased): Promise<boolean> {
  const { key, policy } = call;
  const { store, token, answer } = far;
  const { type, entry } = answer;
  const now = clock.now();
  const stale = entry !== undefined && type === "granted" ? expiredEntry(entry, policy, clock) : undefined;
  const remove = async (): Promise<true> => {
    await store.delete(key, stamps.mark());
    return true;
  };
  const fill = async (entry: CacheEntry): Promise<boolean | undefined> =>
    store.leases?.fill(key, entry, { token, reason: "write" });
  // Where it fails nobody knows whether the key is still what it was, and it must not stay fresh: a deletion is safe.
  const isDone = stale === undefined ? await remove() : await fill(stale).catch(remove);
  if (isDone !== true) await store.leases?.release(key, token);
  return entry !== undefined && isFresh(entry, now);
}

interface Leased {
  readonly store: CacheStore;
  readonly token: string;
  readonly answer: LeaseAnswer;
}

/**
 * The entry as stale from now on, or `undefined` where the policy serves no stale ones. The next look at a clock that
 * follows another one may give an earlier instant, here or on another node, and the entry must be stale by that too.
 */
function expiredEntry(found: CacheEntry, policy: ResolvedPolicy, clock: Clock): CacheEntry | undefined {
  const now = Math.floor(clock.now());
  const keepUntil = Math.min(found.keepUntil, now + staleMs(policy));
  const freshUntil = Math.min(found.freshUntil, clock.latest === undefined ? now : now - CLOCK_ERROR_MS);
  return keepUntil <= now ? undefined : { ...found, tier: undefined, freshUntil, keepUntil };
}

/** Everything in the namespace and its children is gone for every node; resolves to whether every tier took it. */
export async function clear(context: CacheContext): Promise<boolean> {
  const taken = await invalidate(context, { scope: context.keys.scope });
  if (context.emitter.heard.clear > 0) context.emitter.emit("clear", { scope: context.keys.scope });
  return taken;
}

/** Every entry of the namespace and its children that carries one of the tags is gone for every node. */
export async function invalidateTags(context: CacheContext, tags: readonly string[]): Promise<boolean> {
  const { scope } = context.keys;
  const checked = checkTags(tags);
  const taken = checked.length === 0 || (await invalidate(context, { scope, tags: checked }));
  if (context.emitter.heard.invalidateTags > 0) context.emitter.emit("invalidateTags", { scope, tags: checked });
  return taken;
}

/**
 * Raises marks. Loads in the namespace are void, whatever their tags: a loader may name them at its very end. So are
 * those that begin while the mark is on its way.
 */
async function invalidate(context: CacheContext, invalidation: Invalidation): Promise<boolean> {
  const { flights, stamps, store } = context;
  const bases = basesOf(invalidation.scope);
  await store.ready();
  flights.voidAll(bases);
  const at = await store.invalidate(invalidation, stamps.mark());
  if (at !== undefined) stamps.observe(at);
  flights.voidAll(bases);
  return at !== undefined;
}
