import { afterAll, beforeAll, describe } from "vitest";
import { breakersOpened } from "./support/checks.js";
import { type FaultCluster, faultCluster } from "./support/cluster-faults.js";
import type { Fault } from "./support/fault.js";
import { testFaults } from "./support/fault-tests.js";
import { isFull } from "./support/plan.js";
import { type Sentinels, startSentinels } from "./support/sentinels.js";
import { waitUntil } from "./support/wait-until.js";

const BOOT_TIMEOUT_MS = 120_000;
const describeOne = isFull ? describe : describe.concurrent;

describeOne("with sentinels", () => {
  let sentinels: Sentinels;
  beforeAll(async () => {
    sentinels = await startSentinels();
  }, BOOT_TIMEOUT_MS);
  afterAll(() => sentinels?.stop());

  const killed: Fault = {
    lines: "C29",
    name: "Sentinel: the master is killed, and its replica takes over",
    begin: () => sentinels.killMaster(),
    end: () => sentinels.failedOver(),
    noticed: breakersOpened,
  };
  /** Nobody is to notice: the clients are with the new one. A sentinel takes ten seconds to. */
  const returns: Fault = {
    lines: "C29",
    name: "Sentinel: the old master comes back, and becomes a replica",
    begin: () => sentinels.restartMaster(),
    end: () => waitUntil({ look: () => sentinels.oldMaster(), holds: (said) => said.includes("role:slave") }),
    evidence: () => sentinels.oldMaster(),
    noticed: ({ evidence }) => evidence.includes("role:"),
  };
  const faults = [killed, ...(isFull ? [returns] : [])];
  testFaults({ faults, options: () => ({ client: sentinels.client }), fleets: 1 });
});

describeOne("with a cluster", () => {
  let cluster: FaultCluster;
  beforeAll(async () => {
    cluster = await faultCluster();
  }, BOOT_TIMEOUT_MS);
  afterAll(() => cluster?.stop());

  const faults: readonly Fault[] = [
    {
      lines: "C29",
      name: "Cluster: slots move to another master, with their keys",
      begin: () => cluster.migrateSlots(),
      end: async () => undefined,
      evidence: () => cluster.errors(),
      noticed: ({ evidence }) => /MOVED|ASK/.test(evidence),
    },
    {
      lines: "C29",
      name: "Cluster: a master is killed, and its replica takes over",
      begin: () => cluster.killMaster(),
      end: () => cluster.failedOver(),
      noticed: ({ nodes }) => nodes.every(({ reports }) => Object.keys(reports).length > 0),
    },
  ];
  testFaults({ faults, options: () => ({ client: cluster.client }), fleets: 1 });
});
