// Fakes all that jest fakes unless it is told otherwise, `nextTick` included, and prints what a cache in memory gives then.
// A process of its own: a test runner that is told nothing while its ticks stand still may wait for ever.
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import FakeTimers from "@sinonjs/fake-timers";

const cache = createCache({ store: memoryStore(), jitter: 0 });
const clock = FakeTimers.install({
  now: Date.now(),
  toFake: ["Date", "hrtime", "nextTick", "performance", "queueMicrotask", "setImmediate", "setTimeout", "clearTimeout"],
});
const loaded = await cache.getOrSet("tea", async () => "green");
const read = await cache.get("tea");
const many = await cache.getOrSetMany(["tea", "milk"], async (ids) => ids.map(String));
clock.uninstall();
console.log(JSON.stringify({ loaded, read, many: [...many] }));
