const assert = require("node:assert/strict");
const { createCache } = require("@granary/core");
const { memoryStore } = require("@granary/memory");

for (const name of ["keyv", "redis", "redis-tiers", "serializers", "superjson", "testkit", "tiered"]) {
  assert.ok(Object.keys(require(`@granary/${name}`)).length > 0, name);
}

const cache = createCache({ store: memoryStore({ maxEntries: 10, values: "serialized" }) });
void cache
  .getOrSet("a", () => 1)
  .then((value) => assert.equal(value, 1))
  .then(() => cache.close());
