import type { CacheStore } from "@granary/core";

type Walk = NonNullable<CacheStore["walk"]>;

/** Walks the far tier, then the near one, which may still hold what the far one has dropped. A key may come twice. */
export function walkBoth(near: CacheStore, far: Walk): Walk {
  return async function* walk(glob) {
    yield* far(glob);
    if (near.walk !== undefined) yield* near.walk(glob);
  };
}
