import { type CacheBus, type CacheEntry, type CacheStore, type LeasesCapability } from "@granary/core";
import { farStore } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import type { Plant } from "./fleet.js";

/** The far store fills whoever's lease stands: the fence is gone. */
export const unfencedFills: Plant = {
  view: (view) => ({
    ...view,
    leases: {
      ...(view.leases as LeasesCapability),
      fill: async (key, entry, { generations }) => {
        if (entry === undefined) return view.delete(key);
        await view.set(key, entry, { generations });
        return true;
      },
    },
  }),
};

/** Entries carry the generations that stand at the end of their load. */
export const datedAtTheEnd: Plant = {
  view: (view) => {
    const leases = view.leases as LeasesCapability;
    const fill: LeasesCapability["fill"] = async (key, entry, claim) => {
      const answer = await leases.acquire(key, claim.token);
      const now = answer.type === "granted" ? { generations: answer.generations } : {};
      return leases.fill(key, entry, { ...claim, ...now });
    };
    return { ...view, leases: { ...leases, fill } };
  },
};

/** A pair of tiers that does not guard its fills of the near one, as one writes it at first. */
export const unguardedTiers: Plant = { tiers: (tiers) => naiveTiers(tiers, "unguarded") };

/** A pair of tiers that clears near only once, before far. */
export const clearedOnce: Plant = { tiers: (tiers) => naiveTiers(tiers, "cleared once") };

/** A pair of tiers whose message of a change is for the near tier alone: loads under way do not hear of it. */
export const deafLoads: Plant = {
  store: (store) => ({
    ...bound(store),
    on: (listener) => store.on?.((event) => event.type === "changed" || listener(event)) ?? (() => {}),
  }),
};

/** An invalidation leaves the copies that are near. */
export const deafCopies: Plant = {
  near: (near) => ({ ...bound(near), invalidate: () => ({ epoch: "e", sequence: 1 }) }),
};

/** A copy starts its life again. */
export const relativeDeadlines: Plant = {
  near: (near) => ({
    ...bound(near),
    set: (key, entry) => {
      const ms = entry.freshUntil - entry.createdAt;
      const now = near.clock?.now() ?? 0;
      return near.set(key, { ...entry, freshUntil: now + ms });
    },
  }),
};

/** A delete is acknowledged before it has gone out, on another connection than reads. */
export const deletesBehind: Plant = {
  view: (view, { aside }) => ({
    ...view,
    delete: async (key) => {
      void aside.delete(key);
      return true;
    },
  }),
};

/** What is deleted is only made stale, so that it can be served should a load fail. */
export const deletedKeptAsStale: Plant = {
  view: (view, { clock }) => ({
    ...view,
    delete: async (key) => {
      const found = await view.get(key);
      if (found === undefined) return view.delete(key);
      const { tier: _, ...kept } = found;
      const now = clock.now();
      await view.set(key, { ...kept, freshUntil: now, keepUntil: now + 5_000 });
      return true;
    },
  }),
};

/** Every other read is answered by a replica that has not heard of the last write. */
export const laggingReplica: Plant = {
  far: (clock) => {
    const main = farStore({ clock });
    const behind = new Map<string, CacheEntry>();
    return {
      ...main,
      connect: (connection) => {
        const view = main.connect(connection);
        let reads = 0;
        const get: CacheStore["get"] = async (key, now, admit) => {
          reads += 1;
          return reads % 2 === 0 ? behind.get(key) : view.get(key, now, admit);
        };
        const set: CacheStore["set"] = async (key, entry) => {
          const before = await view.get(key);
          await view.set(key, entry);
          if (before !== undefined) behind.set(key, before);
        };
        return { ...view, get, set };
      },
    };
  },
};

/** Each node goes by its own clock, and so does what it tells the server. */
export const ownClocks: Plant = {
  clock: (machine) => ({ clock: machine, ready: () => undefined }),
};

/** Nobody may be asked for the right to load. */
export const noLeases: Plant = {
  view: (view) => {
    const { leases: _taken, ...rest } = view;
    return rest;
  },
};

/** A lease that is never taken from who is dead. */
export const eternalLeases: Plant = { leaseMs: Number.MAX_SAFE_INTEGER };

/** What a delete is answered gets lost. */
export const lostAnswers: Plant = {
  view: (view) => ({ ...view, delete: () => new Promise(() => {}) }),
};

/** A change of a key leaves its lease alone. */
export const leasesOutliveChanges: Plant = {
  far: (clock) => {
    const [values, leases] = [farStore({ clock }), farStore({ clock })];
    return {
      ...values,
      connect: (connection) => {
        const [view, aside] = [values.connect(connection), leases.connect(connection)];
        const right = aside.leases as LeasesCapability;
        const generations = async (key: string, token: string): Promise<string | undefined> => {
          const answer = await view.leases?.acquire(key, token);
          return answer?.type === "granted" ? answer.generations : undefined;
        };
        const fill: LeasesCapability["fill"] = async (key, entry, { token, generations: carried }) => {
          if (!(await right.renew(key, token))) return false;
          if (entry === undefined) await view.delete(key);
          else await view.set(key, entry, { generations: carried });
          await right.release(key, token);
          return true;
        };
        const acquire: LeasesCapability["acquire"] = async (key, token, admit) => {
          const answer = await right.acquire(key, token);
          const entry = await view.get(key, undefined, admit);
          if (answer.type === "taken") return { ...answer, entry };
          const now = await generations(key, token);
          return { type: "granted", entry, ...(now !== undefined && { generations: now }) };
        };
        return { ...view, leases: { ...right, fill, acquire } };
      },
    };
  },
};

interface NaiveParts {
  readonly l1: CacheStore;
  readonly l2: CacheStore;
  readonly bus: CacheBus;
}

/** A pair of tiers with no care for what overlaps. `"cleared once"` makes a delete forget near before far, not after. */
function naiveTiers({ l1, l2, bus }: NaiveParts, fault: "unguarded" | "cleared once"): CacheStore {
  const sound = tiered({ l1, l2, bus });
  const get = async (key: string, now?: number): Promise<CacheEntry | undefined> => {
    const near = await l1.get(key, now);
    if (near !== undefined) return near;
    const far = await l2.get(key, now);
    if (far !== undefined) await l1.set(key, { ...far, nearUntil: far.freshUntil, epoch: 1 } as CacheEntry);
    return far;
  };
  const remove = async (key: string): Promise<boolean> => {
    await l1.delete(key);
    const existed = await l2.delete(key);
    await bus.publish({ type: "changed", keys: [key] });
    return existed;
  };
  return { ...bound(sound), get, ...(fault === "cleared once" && { delete: remove }) };
}

/** The members of a store that may be an instance of a class, on their own. */
function bound(store: CacheStore): CacheStore {
  const { name, tier, clock, admits, many, walk, invalidate, generations, expire, leases, ready, on, close } = store;
  return {
    name,
    get: store.get.bind(store),
    set: store.set.bind(store),
    delete: store.delete.bind(store),
    ...(tier !== undefined && { tier }),
    ...(clock !== undefined && { clock }),
    ...(admits !== undefined && { admits }),
    ...(many !== undefined && { many }),
    ...(walk !== undefined && { walk: walk.bind(store) }),
    ...(generations !== undefined && { generations: generations.bind(store) }),
    ...(expire !== undefined && { expire: expire.bind(store) }),
    ...(invalidate !== undefined && { invalidate: invalidate.bind(store) }),
    ...(leases !== undefined && { leases }),
    ...(ready !== undefined && { ready: ready.bind(store) }),
    ...(on !== undefined && { on: on.bind(store) }),
    ...(close !== undefined && { close: close.bind(store) }),
  };
}
