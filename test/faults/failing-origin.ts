import { expect, test } from "vitest";
import { machineMs } from "../support/machine-ms.mjs";
import { type FaultFleet, type FaultNode, type NodeResult, withFleet } from "./support/fault-fleet.js";
import { spanOfLoad } from "./support/fault-run.js";
import { plan } from "./support/plan.js";
import { saveNote } from "./support/report.js";
import { waitUntil } from "./support/wait-until.js";

const TIMEOUT_MS = 120_000;
const RETRY_AFTER_MS = 500;
const FAILING = { ttl: 1, softTimeout: 60_000, retryAfter: RETRY_AFTER_MS };
/** Longer than a test takes: however slow the machine is, a key may be tried once. */
const NEVER_MS = 3_600_000;

/** How Redis is while the origin fails. */
const states: ReadonlyArray<readonly [name: string, begin: (fleet: FaultFleet) => unknown]> = [
  ["answers", () => undefined],
  ["has been killed", ({ redis }) => redis.kill()],
  ["is frozen", ({ redis }) => redis.freeze()],
];

for (const [name, begin] of states) {
  test.concurrent(`C27 C28: Redis ${name}: while the origin is slow limits hold, and while it fails nobody gets an error`, {
    timeout: TIMEOUT_MS,
  }, async () => {
    await withFleet({ count: 1, policy: FAILING, mix: "old" }, async (fleet) => {
      await warmed(fleet.nodes[0]!);
      await fleet.nodes[0]!.ask("callOld", "held", SLOW);
      await begin(fleet);
      const limits = await checkLimits(fleet);
      const { result, loads, most } = await failing(fleet);
      checkCalm(result);
      expect(loads.length).toBeGreaterThan(0);
      expect(Math.max(...loads)).toBeLessThanOrEqual(most);
      const came = `${result.calls} calls, none failed; a key loaded ${Math.max(...loads)} times, of ${most} allowed; ${limits}`;
      await saveNote({ lines: "C27 C28", name: `while the origin fails and Redis ${name}`, came });
    });
  });
}

test.concurrent("C27: a node that serves nothing stale, and tries again with every call, is found out", {
  timeout: TIMEOUT_MS,
}, async () => {
  const policy = { ...FAILING, staleIfError: 0, retryAfter: NEVER_MS };
  await withFleet({ count: 1, policy, mix: "old" }, async (fleet) => {
    const { result, loads, most } = await failing(fleet, NEVER_MS);
    expect(() => checkCalm(result)).toThrow(/failed/);
    expect(Math.max(...loads)).toBeGreaterThan(most);
  });
});

/** A slow machine may take longer over a write than is waited for, and it is taken back. */
async function warmed(node: FaultNode): Promise<void> {
  const warm = async (): Promise<number> => {
    await node.ask("warm");
    return node.ask<number>("unheld");
  };
  await waitUntil({ look: warm, holds: (unheld) => unheld === 0 });
}

function checkCalm({ calls, failed, hung, unhandled }: NodeResult): void {
  expect(calls).toBeGreaterThan(100);
  expect({ failed, hung, unhandled }).toEqual({ failed: {}, hung: 0, unhandled: [] });
}

/** What the node came to, how often it loaded each key, and how often it may have. */
async function failing({ nodes, observer }: FaultFleet, retryAfterMs = RETRY_AFTER_MS) {
  const node = nodes[0]!;
  await observer.mood({ error: "down", loadMs: 10 });
  const [before, from] = [await observer.loads(), machineMs()];
  await node.ask("start", plan.perSecond);
  await spanOfLoad(nodes, plan.faultMs);
  const result = await node.ask<NodeResult>("stop");
  const after = await observer.loads();
  const loads = Object.keys(after).map((key) => (after[key] ?? 0) - (before[key] ?? 0));
  return { result, loads, most: Math.floor((machineMs() - from) / retryAfterMs) + 1 };
}

interface Ended {
  readonly version?: number;
  readonly code?: string;
  readonly ms: number;
}

const SLOW = { ttl: "1h", softTimeout: 100 };

/** Who may have a stale value gets it, who may not gets LOAD_TIMEOUT, and what comes late is stored once. */
async function checkLimits({ nodes, observer }: FaultFleet): Promise<string> {
  const node = nodes[0]!;
  const call = (): Promise<Ended> => node.ask<Ended>("callOld", "held", SLOW);
  await node.ask("expireOld", "held");
  const before = await node.ask<number>("stored");
  await observer.mood({ loadMs: 1_000 });
  const soft = await Promise.all(Array.from({ length: 10 }, call));
  expect(soft.map(({ version }) => version)).toEqual(soft.map(() => 0));
  // A gap on the bus voids the load that is under way, and another one begins with the next call.
  const stored = async (): Promise<number> => {
    await call();
    return node.ask<number>("stored");
  };
  await waitUntil({ look: stored, holds: (loads) => loads > before });
  const hard = await node.ask<Ended>("callOld", "cold", { ...SLOW, hardTimeout: 300 });
  expect(hard).toMatchObject({ code: "LOAD_TIMEOUT" });
  expect(await node.ask<number>("stored")).toBe(before + 1);
  const longest = Math.max(...soft.map(({ ms }) => ms));
  return `a softTimeout of 100 ms took ${longest.toFixed(0)} ms, a hardTimeout of 300 ms ${hard.ms.toFixed(0)} ms`;
}
