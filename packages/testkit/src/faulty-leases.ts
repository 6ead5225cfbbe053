import type { CacheStore, LeasesCapability } from "@granary/core";
import { readCorrupt } from "./corrupt-entries.js";
import { listenUntilStopped } from "./faulty-travel.js";
import type { StoreLine } from "./store-line.js";

/** Leases behind a line. */
export function leasesBehind(line: StoreLine, store: CacheStore, leases: LeasesCapability): LeasesCapability {
  const keepNear = leases.keepNear?.bind(leases);
  return {
    ttlMs: leases.ttlMs,
    acquire: (key, token, admit) =>
      line.call({
        verb: "leases.acquire",
        keys: [key],
        act: (corrupt) =>
          readCorrupt(
            { store, corrupt, admit },
            (judge) => leases.acquire(key, token, judge),
            (answer, change) => ({ ...answer, entry: answer.entry && change(key, answer.entry) }),
          ),
      }),
    ...fencedBehind(line, leases),
    ...(keepNear !== undefined && {
      keepNear: (key, entry) =>
        line.call({
          verb: "leases.keepNear",
          keys: [key],
          act: () => keepNear(key, entry),
          acknowledge: () => true,
        }),
    }),
    watch: (key, wake) =>
      listenUntilStopped((whileListening) =>
        leases.watch(key, () => line.tell({ verb: "leases.watch", keys: [key] }, () => whileListening(wake))),
      ),
  };
}

/** What a holder does with its lease. */
function fencedBehind(line: StoreLine, leases: LeasesCapability): Pick<LeasesCapability, "renew" | "fill" | "release"> {
  return {
    renew: (key, token, ttlMs) =>
      line.call({
        verb: "leases.renew",
        keys: [key],
        act: () => leases.renew(key, token, ttlMs),
        acknowledge: () => true,
      }),
    fill: (key, entry, claim) =>
      line.call({
        verb: "leases.fill",
        keys: [key],
        act: () => leases.fill(key, entry, claim),
        acknowledge: () => true,
      }),
    release: (key, token) =>
      line.call({
        verb: "leases.release",
        keys: [key],
        act: () => leases.release(key, token),
        acknowledge: () => undefined,
      }),
  };
}
