import { entryMarks } from "./entry-marks.js";
import { Judge } from "./judge.js";
import { scopesOf } from "./scope.js";
import {
  type Admit,
  type CacheStore,
  type LeaseAnswer,
  type LeasesCapability,
  type ManyCapability,
  traitsOf,
} from "./store.js";

/**
 * `store`, judging its entries by marks: one that was invalidated since its load began is absent. The marks are the
 * store's own, for all its nodes, or, where it keeps none, entries among the others.
 */
export function marked(store: CacheStore): CacheStore {
  if (store.invalidate !== undefined) return store;
  const marks = store.marks ?? entryMarks(store);
  const judge = new Judge(marks);
  const { many, leases, remote } = store;
  return {
    ...traitsOf(store),
    get: (key, now, admit) => judge.judged(key, () => store.get(key, now, admit)),
    set: (key, entry, reason) => store.set(key, entry, reason),
    delete: (key, at) => store.delete(key, at),
    invalidate: (invalidation, at) => marks.raise(invalidation, at),
    ...(many !== undefined && { many: markedMany(many, judge) }),
    ...(leases !== undefined && { leases: markedLeases(leases, judge) }),
    ...(remote !== undefined && { remote }),
    // A store may be an object of a class: its methods are called on it.
    ...(store.walk !== undefined && { walk: store.walk.bind(store) }),
    ...(store.replay !== undefined && { replay: store.replay.bind(store) }),
    ...(store.health !== undefined && { health: store.health.bind(store) }),
    ...(store.ready !== undefined && { ready: store.ready.bind(store) }),
    ...(store.on !== undefined && { on: store.on.bind(store) }),
    ...(store.close !== undefined && { close: store.close.bind(store) }),
  };
}

function markedMany(many: ManyCapability, judge: Judge): ManyCapability {
  return {
    get: (keys, now, admit) => judge.judgedMany(keys, () => many.get(keys, now, admit)),
    set: (entries, reason) => many.set(entries, reason),
    delete: (keys, at) => many.delete(keys, at),
  };
}

function markedLeases(leases: LeasesCapability, judge: Judge): LeasesCapability {
  const acquire = async (key: string, token: string, admit?: Admit): Promise<LeaseAnswer> => {
    const asked = leases.acquire(key, token, admit);
    const scopes = scopesOf(key);
    const marks = judge.read(scopes);
    const answer = await asked;
    return { ...answer, entry: await judge.judge(answer.entry, scopes, await marks) };
  };
  return {
    ttlMs: leases.ttlMs,
    acquire,
    renew: (key, token, ms) => leases.renew(key, token, ms),
    fill: (key, entry, claim) => leases.fill(key, entry, claim),
    release: (key, token) => leases.release(key, token),
    watch: (key, wake) => leases.watch(key, wake),
  };
}
