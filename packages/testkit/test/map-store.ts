import { type CacheEntry, type CacheStore, type Clock, StoreLifecycle } from "@granary/core";

/** A plain store with the capabilities that the fault wrapper has to pass on. */
export function mapStore(clock: Clock): CacheStore {
  const entries = new Map<string, CacheEntry>();
  const get = (key: string) => {
    const entry = entries.get(key);
    return entry !== undefined && entry.keepUntil > clock.now() ? entry : undefined;
  };
  const life = new StoreLifecycle("map", () => () => entries.clear());
  return life.checked({
    name: "map",
    clock,
    get,
    set: (key, entry) => void entries.set(key, entry),
    delete: (key) => entries.delete(key),
    many: {
      get: (keys) => keys.map(get),
      set: (pairs) => {
        for (const [key, entry] of pairs) entries.set(key, entry);
      },
      delete: (keys) => keys.map((key) => entries.delete(key)),
    },
    async *walk(glob) {
      const expression = new RegExp(`^${glob.replace(/\\?[^]/g, asExpression)}$`, "s");
      yield [...entries.keys()].filter((key) => expression.test(key));
    },
  });
}

function asExpression(part: string): string {
  if (part === "*") return ".*";
  return part === "?" ? "." : part.slice(-1).replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
}
