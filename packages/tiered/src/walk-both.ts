import type { CacheStore } from "@granary/core";

type Walk = NonNullable<CacheStore["walk"]>;

/**
 * Walks the near tier, which may still hold what the far one has dropped, then the far one. So what is near has been seen to
 * also where far cannot be walked. A key may come twice.
 */
export function walkBoth(near: CacheStore, far: Walk): Walk {
  return async function* walk(glob) {
    if (near.walk !== undefined) yield* near.walk(glob);
    yield* far(glob);
  };
}
