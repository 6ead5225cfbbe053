import { deaths } from "./dead-redis.js";
import { replies } from "./replies.js";
import { breakersOpened } from "./support/checks.js";
import { testFaults } from "./support/fault-tests.js";
import { plan } from "./support/plan.js";

testFaults({ faults: [...deaths, ...replies], fleets: 2 });

/** What the users of an ordinary service would see: most of them of keys that are in no memory. */
testFaults({
  options: () => ({ mix: "even" }),
  faults: [
    {
      lines: "C22 C23",
      name: "Redis freezes, then refuses, at 100 requests a second",
      plan: { perSecond: 100, beforeMs: plan.beforeMs * 2 },
      begin: async ({ redis }) => redis.freeze(),
      midway: ({ redis }) => redis.kill(),
      end: ({ redis }) => redis.start(),
      noticed: breakersOpened,
    },
  ],
});
