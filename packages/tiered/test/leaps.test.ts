import { type Clock, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { localHub, manualClock } from "@granary/testkit";
import { expect, test } from "vitest";
import { tiered } from "../src/index.js";

test("FIELD 22 (C15): after a leap of the clock no near copy is trusted that the far tier has not confirmed", async () => {
  const leaps = new Set<() => void>();
  const onLeap = (listener: () => void): (() => void) => {
    leaps.add(listener);
    return () => leaps.delete(listener);
  };
  const clock: Clock = { ...manualClock(), onLeap };
  const far = memoryStore({ clock, name: "far" });
  const bus = localHub().bus("one");
  const cache = createCache<string>({ store: tiered({ l1: memoryStore({ clock }), l2: far, bus }) });
  await cache.set("tea", "green");
  // Another node changes it while this one is suspended, and the message is lost.
  const key = "granary:v1:default:tea";
  const held = far.get(key);
  far.set(key, { ...held, value: "black", createdAt: clock.now() + 1 } as never);
  expect(await cache.get("tea")).toBe("green");
  for (const leap of leaps) leap();
  expect(await cache.get("tea")).toBe("black");
  await cache.close();
  expect(leaps.size).toBe(0);
});
