import { breakersOpened } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import { testFaults } from "./support/fault-tests.js";

const faults: readonly Fault[] = [
  {
    lines: "C22 C25 C26",
    name: "Redis is killed, and starts again with what it had",
    begin: ({ redis }) => redis.kill(),
    end: ({ redis }) => redis.start(),
    noticed: breakersOpened,
  },
  {
    lines: "C23 C25 C26",
    name: "Redis freezes, and thaws",
    begin: async ({ redis }) => redis.freeze(),
    end: async ({ redis }) => redis.thaw(),
    noticed: breakersOpened,
  },
];

testFaults({ faults });
