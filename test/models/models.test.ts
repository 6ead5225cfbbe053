// Checked models of generations and of repair by deletion: the design that is to take the place of marks. They come before
// the code, and know nothing of it.
import { describe, expect, test } from "vitest";
import { explore } from "./explore.js";
import { type FleetOptions, fleetModel } from "./fleet-model.js";
import { FLEET_RULES, type FleetRules } from "./fleet-rules.js";

/** How much deeper the full run looks. */
const DEEPER = process.env["GRANARY_FULL"] === "1" ? 2 : 0;

type Scenario = Omit<FleetOptions, "rules"> & { readonly depth: number };

const near = { near: true, filled: true } as const;
const SCENARIOS = {
  "two nodes on one far store": { actions: ["clear", "tag", "delete", "set", "evict", "flush", "B"], depth: 7 },
  "a near copy and messages that are lost": {
    actions: ["clear", "delete", "lose messages", "evict", "flush"],
    near: true,
    depth: 11,
  },
  "two levels": { actions: ["clear root", "clear", "evict"], levels: 2, near: true, depth: 9 },
  "sets of one step and of two": { actions: ["set", "set in two steps", "clear", "evict"], near: true, depth: 8 },
  "a node that is cut off and changes what it holds": {
    actions: ["cut off A", "A changes", "delete", "writer cut off"],
    ...near,
    depth: 11,
  },
  "a node that loads alone, and loses messages": {
    actions: ["cut off A", "lose messages", "delete", "clear"],
    near: true,
    depth: 10,
  },
  "a failover": { actions: ["failover", "clear", "delete", "set"], near: true, depth: 9 },
  "a failover that gives numbers out again": { actions: ["failover", "clear"], ...near, depth: 12 },
  "a failover to a server whose clock is behind": {
    actions: ["failover and gap", "clock set back", "clear"],
    ...near,
    faults: 3,
    depth: 10,
  },
} satisfies Record<string, Scenario>;

/** Each rule, and a scenario in which something old is given without it. */
const NEEDED: Partial<Record<keyof FleetRules, keyof typeof SCENARIOS>> = {
  epochs: "a near copy and messages that are lost",
  floor: "a failover that gives numbers out again",
  recordRequired: "a near copy and messages that are lost",
  loadsCarryTheirBeginning: "a near copy and messages that are lost",
  fence: "a node that is cut off and changes what it holds",
  newEpochs: "a near copy and messages that are lost",
  tickets: "a node that is cut off and changes what it holds",
  invalidationsRaiseTickets: "a failover that gives numbers out again",
  otherEpochsHeard: "a near copy and messages that are lost",
  gaps: "a near copy and messages that are lost",
  toldAgain: "a failover that gives numbers out again",
  setsToldAgain: "a failover",
  hiddenUntilRepair: "a node that is cut off and changes what it holds",
  loadsAloneRepaired: "a node that is cut off and changes what it holds",
  repairDeletes: "a node that is cut off and changes what it holds",
};

/** Rules that hold in every model, and that no model here shows to be needed. */
const NOT_SHOWN: ReadonlyArray<keyof FleetRules> = ["upperBound", "lossesNoticed", "copiesAloneConfirmed"];

describe("no interleaving gives what was invalidated", () => {
  test.each(Object.entries(SCENARIOS))("%s", (_name, { depth, ...options }: Scenario) => {
    const explored = explore(fleetModel(options), depth + DEEPER);
    expect(explored.violation).toBeUndefined();
    expect(explored.states).toBeGreaterThan(500);
  });
});

describe("without this rule one does", () => {
  test.each(Object.entries(NEEDED))("%s", (rule, name) => {
    const { depth, ...options }: Scenario = SCENARIOS[name];
    expect(explore(fleetModel({ ...options, rules: { [rule]: false } }), depth).violation).toBeDefined();
  });

  test("every rule is in one list or the other", () => {
    expect([...Object.keys(NEEDED), ...NOT_SHOWN].sort()).toEqual(Object.keys(FLEET_RULES).sort());
  });
});
