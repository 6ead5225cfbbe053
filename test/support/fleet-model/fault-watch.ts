import type { Change, FaultLog } from "./fault-log.js";
import type { FaultNet } from "./fault-net.js";
import { type Fleet, type FleetNode, nodeName } from "./fleet.js";

/** How often the watch looks. */
const EVERY_MS = 50;

/** What a node owes is to be gone this long after it could be. */
const PAID_AFTER_MS = 2_000;

/** What could not be said is said again this often, and then takes a moment. */
const SAID_AFTER_MS = 600;
/** Who was cut off within this after a change had not said so before. */
const SAYING_MS = 100;

/** Looks again and again what the nodes owe, and notes when changes were taken and told. */
export class Watch {
  readonly #fleet: Fleet;
  readonly #net: FaultNet;
  readonly #log: FaultLog;
  #seen = 0;
  #pending: Change[] = [];
  /** Since when each node that owes something does. */
  readonly #owesSince = new Map<number, number>();
  /** Looks at which a node owed something, and at which its breaker was not closed. */
  readonly felt = { owing: 0, open: 0 };

  constructor(fleet: Fleet, net: FaultNet, log: FaultLog) {
    this.#fleet = fleet;
    this.#net = net;
    this.#log = log;
  }

  /** Returns what stops it. */
  start(): () => void {
    let cancel = (): void => {};
    const again = (): void => {
      this.#look();
      cancel = this.#fleet.steady.after(EVERY_MS, again);
    };
    again();
    return () => cancel();
  }

  #look(): void {
    const owing = this.#fleet.nodes.map((node) => this.#owedBy(node));
    const { changes } = this.#log;
    for (; this.#seen < changes.length; this.#seen += 1) this.#pending.push(changes[this.#seen] as Change);
    this.#pending = this.#pending.filter((change) => !this.#isTold(change, owing[change.node] ?? 0));
  }

  #owedBy({ cache, index }: FleetNode): number {
    const now = this.#fleet.steady.now();
    const { owed, state } = cache.stats().stores["far"] ?? { owed: 0, state: "closed" };
    if (state !== "closed") this.felt.open += 1;
    if (owed === 0) this.#owesSince.delete(index);
    else this.felt.owing += 1;
    const owesSince = this.#owesSince.get(index) ?? now;
    if (owed > 0) this.#owesSince.set(index, owesSince);
    const isRight = owed === 0 || Math.max(owesSince, this.#net.reachesSince(nodeName(index))) + PAID_AFTER_MS > now;
    this.#log.owing.push({ ms: now, what: `node ${index} owes ${owed} since ${owesSince}`, isRight });
    return owed;
  }

  /** Notes how far a change has come. Whether there is no more to it. */
  #isTold(change: Change, owed: number): boolean {
    const now = this.#fleet.steady.now();
    if (change.ended === undefined) return false;
    if (change.takenMs === undefined && owed === 0) {
      change.takenMs = now;
      this.#log.tell(now, () => `taken: node ${change.node} ${change.kind} of ${change.begun.ms.toFixed(1)}`);
    }
    if (change.takenMs === undefined) return false;
    const saidMs = this.#saidMs(change.node, change.takenMs, now);
    if (saidMs !== undefined) change.saidMs = saidMs;
    return saidMs !== undefined;
  }

  /** From when on all nodes that listen have been told what a node has wanted to tell since `since`, as far as is known. */
  #saidMs(node: number, since: number, now: number): number | undefined {
    const speaksSince = this.#net.speaksSince(nodeName(node));
    const isCutOff = speaksSince > since;
    const saidMs = isCutOff ? speaksSince + SAID_AFTER_MS : since;
    return now >= saidMs + SAYING_MS && speaksSince <= now ? saidMs : undefined;
  }
}
