import { type CacheBus, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { faultyBus, localHub } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { expect, test } from "vitest";

test("a node that has missed a message asks again after a gap", async () => {
  const [hub, l2] = [localHub(), memoryStore({ name: "far" })];
  const node = (bus: CacheBus) => createCache<string>({ store: tiered({ l1: memoryStore(), l2, bus }) });
  const { bus, faults } = faultyBus(hub.bus("other"));
  const [one, other] = [node(hub.bus("one")), node(bus)];
  await one.set("tea", "green");
  await other.get("tea");

  const loss = faults.inject({ type: "drop", direction: "in" });
  await one.set("tea", "black");
  expect(loss.struck).toBe(1);
  expect(await other.get("tea")).toBe("green");

  faults.gap();
  expect(await other.get("tea")).toBe("black");
});
