import type { CacheContext, Call } from "./context.js";
import { isPromiseLike } from "./entry.js";
import { isStored, staleMs } from "./lifetime.js";
import { checkedValue, entryOf, takerFor } from "./load.js";
import { checkTags } from "./policy.js";
import { basesOf } from "./scope.js";
import type { Invalidation } from "./store.js";

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
  return entry !== undefined && (await context.store.set(call.key, entry, "write"));
}

async function removeUnstored({ store }: CacheContext, key: string): Promise<false> {
  await store.delete(key);
  return false;
}

/** Deletes a key; resolves to whether something was there. */
export async function remove(context: CacheContext, key: string): Promise<boolean> {
  const existed = await context.flights.change([key], () => context.store.delete(key));
  context.counters.deletes += 1;
  if (context.emitter.heard.delete > 0) context.emitter.emit("delete", { key, existed });
  return existed;
}

/** Makes the entry stale now, and keeps it as long as the policy serves stale ones; resolves to whether it was fresh. */
export async function expire(context: CacheContext, call: Call): Promise<boolean> {
  const { key } = call;
  const terms = { now: context.clock.now(), staleMs: staleMs(call.policy) };
  const expired = await context.flights.change([key], () => context.store.expire(key, terms));
  if (context.emitter.heard.expire > 0) context.emitter.emit("expire", { key });
  return expired;
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
 * Loads in the namespace are void, whatever their tags: a loader may name them at its very end. So are those that begin
 * while the invalidation is on its way.
 */
async function invalidate({ flights, store }: CacheContext, invalidation: Invalidation): Promise<boolean> {
  const bases = basesOf(invalidation.scope);
  await store.ready();
  flights.voidAll(bases);
  const isTaken = await store.invalidate(invalidation);
  flights.voidAll(bases);
  return isTaken;
}
