import type { Note, Outcome } from "./outcome.js";

/** A line of the contract, and where it is tested beside the runs of this report. */
interface ContractLine {
  readonly line: string;
  readonly says: string;
  readonly elsewhere?: readonly string[];
}

const EVERY_RUN = "every run above";

const contract: readonly ContractLine[] = [
  {
    line: "C18",
    says: "after a reconnect of the bus nothing from before it is served as fresh unconfirmed",
    elsewhere: ["test/bus-outage.test.ts", "test/tiered-trust.test.ts"],
  },
  {
    line: "C19",
    says: "a half-open bus: nothing older than 2,050 ms",
    elsewhere: ["packages/redis/test/redis-bus-faults.test.ts"],
  },
  {
    line: "C20",
    says: "with any fault: nothing older than 2,050 ms",
    elsewhere: [EVERY_RUN, "test/fleet-faults.test.ts"],
  },
  { line: "C21", says: "all nodes agree within 2 s", elsewhere: [EVERY_RUN, "test/fleet-faults.test.ts"] },
  { line: "C22", says: "Redis killed under full load: no failed call, bounds on latency" },
  { line: "C23", says: "Redis frozen: the same, calls capped, less than 10 MB more" },
  { line: "C24", says: "Redis absent or frozen at boot" },
  {
    line: "C25",
    says: "a deletion acknowledged in an outage is never undone",
    elsewhere: ["test/fleet-faults.test.ts"],
  },
  {
    line: "C26",
    says: "what is owed is bounded, and made up for within 2 s",
    elsewhere: ["packages/tiered/test/recovery.test.ts"],
  },
  {
    line: "C27",
    says: "with staleIfError no error, loads bounded by retryAfter",
    elsewhere: ["examples/test/stale-while-down.test.ts"],
  },
  { line: "C28", says: "soft and hard timeouts; no rejection unhandled", elsewhere: [EVERY_RUN] },
  {
    line: "C29",
    says: "Sentinel and Cluster: failover, slots that move",
    elsewhere: ["packages/redis/test/cluster-failover.test.ts"],
  },
  {
    line: "C30",
    says: "bytes that are no entry are misses and events",
    elsewhere: ["packages/redis/test/redis-store-bytes.test.ts"],
  },
  { line: "C31", says: "two wire versions on one Redis", elsewhere: ["packages/redis/test/redis-store-bytes.test.ts"] },
  { line: "C36", says: "nothing is left after close()", elsewhere: [EVERY_RUN] },
];

/** Which faults and tests hold each line, and what those measured that are no runs under load. */
export function contractTable(outcomes: readonly Outcome[], notes: readonly Note[]): string {
  const rows = contract.map(({ line, says, elsewhere = [] }) => {
    const isAbout = ({ lines }: Pick<Note, "lines">): boolean => lines.split(" ").includes(line);
    const faults = outcomes.filter(isAbout).map(({ name }) => name);
    const tests = elsewhere.map((place) => (place === EVERY_RUN ? place : `[${place}](../../${place})`));
    const came = notes.filter(isAbout).map(({ name, came: figures }) => `${name}: ${figures}`);
    return `| ${line} | ${says} | ${[...faults, ...tests].join("; ")} | ${came.join("; ")} |`;
  });
  return `| line | says | held by | and by tests without such a load |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}
