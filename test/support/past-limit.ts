import type { CacheStore } from "@granary/core";
import { eventually } from "./eventually.js";

/** Waits until what was sent to the server of `store` before, and may be done within `ms`, is late by any clock. */
export async function pastLimit({ clock }: CacheStore, ms: number): Promise<void> {
  const latest = clock?.latest?.();
  if (clock === undefined || latest === undefined) throw new Error("The store follows no clock.");
  await eventually(
    async () => clock.now(),
    (now) => now > latest + ms,
  );
}
