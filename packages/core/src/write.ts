import { type CacheContext, type Call, isFresh } from "./context.js";
import { makeEntry, staleMs } from "./lifetime.js";
import { checkedValue } from "./load.js";

/**
 * Writes a value; resolves to whether every tier took it. A value that the policy says not to store (`ttl: 0`,
 * `undefined` without a `negativeTtl`) removes the old one, which it has replaced, and resolves to `false`.
 */
export async function set(context: CacheContext, call: Call, value: unknown): Promise<boolean> {
  const checked = await checkedValue(context, call, value);
  const stored = await context.flights.change(call.key, async () => {
    const now = context.clock.now();
    const entry = makeEntry(call.policy, { value: checked, createdAt: now }, now);
    if (entry !== undefined) return context.store.set(call.key, entry, "write");
    await context.store.delete(call.key);
    return false;
  });
  context.counters.sets += 1;
  if (context.emitter.heard.set > 0) context.emitter.emit("set", { key: call.key });
  return stored;
}

/** Deletes a key; resolves to whether something was there. */
export async function remove(context: CacheContext, key: string): Promise<boolean> {
  const existed = await context.flights.change(key, () => context.store.delete(key));
  context.counters.deletes += 1;
  if (context.emitter.heard.delete > 0) context.emitter.emit("delete", { key, existed });
  return existed;
}

/** Makes the entry stale now, and keeps it as long as the policy serves stale ones; resolves to whether it was fresh. */
export async function expire(context: CacheContext, { key, policy }: Call): Promise<boolean> {
  const expired = await context.flights.change(key, async () => {
    const now = context.clock.now();
    const found = await context.store.get(key, now);
    if (found === undefined || !isFresh(found, now)) return false;
    const { tier: _, ...kept } = found;
    const keepUntil = Math.min(found.keepUntil, now + staleMs(policy));
    if (keepUntil <= now) await context.store.delete(key);
    else await context.store.set(key, { ...kept, freshUntil: now, keepUntil }, "write");
    return true;
  });
  if (context.emitter.heard.expire > 0) context.emitter.emit("expire", { key });
  return expired;
}

/** Everything in the namespace and its children is gone. */
export async function clear(context: CacheContext): Promise<void> {
  const { bases } = context.keys;
  context.flights.voidAll(bases);
  await context.store.deleteMatching(context.keys.globs());
  context.flights.voidAll(bases);
  if (context.emitter.heard.clear > 0) context.emitter.emit("clear", { base: context.keys.base });
}
