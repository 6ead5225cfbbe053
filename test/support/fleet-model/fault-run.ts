import { type CacheEntry, scopesOf } from "@granary/core";
import { SAMPLE_AGE_MS } from "./clocks.js";
import { Callers, KEYS } from "./fault-calls.js";
import { FaultLog, type Sight } from "./fault-log.js";
import { FaultNet } from "./fault-net.js";
import { type PlannedFault, planEpisode } from "./fault-plan.js";
import { Watch } from "./fault-watch.js";
import { Fleet, type FleetNode, nodeName, type Plant, SCOPES, storedKey } from "./fleet.js";
import type { Birth, Value } from "./history.js";
import type { LoadOutcome } from "./origin.js";
import { Random } from "./random.js";
import { keyed } from "./run.js";
import type { Scheduler } from "./scheduler.js";

export interface FaultRunOptions {
  readonly seed: number;
  /** Simulated time. */
  readonly minutes: number;
  readonly plant?: Plant;
  /** Writes the story of the run. */
  readonly isTold?: boolean;
}

/** What a run came to, and what its faults came to. */
export interface FaultOutcome {
  readonly log: FaultLog;
  readonly felt: Readonly<Record<string, number>>;
}

const NODES = [0, 1, 2].map(nodeName);
const SKEWS_MS = [0, 17, 300_000, -300_000] as const;
/** All that the server may forget: entries, and the records of namespaces. */
const NAMES = [...KEYS.map(storedKey), ...SCOPES];
const SET_BACK_MS = 2_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** All is to be well again this long after the last fault, D included. */
const WELL_AFTER_MS = 2_100;
const SOON_MS = 1_000;
/** What a server that took over has lost is made up for within this. */
const LOSS_MS = 10_000;
/** Calls begin as often as this, on average: about when a fault begins or ends, while it lasts, and else. */
const HOT_MS = 25;
const WARM_MS = 200;
const COLD_MS = 4_000;
const HOT_FOR_MS = 500;
/** So many calls begin within so much time of that moment itself, so that some are under way. */
const BURST = 8;
const BURST_MS = 3;
/** How long nothing goes wrong between two episodes. */
const PEACE_MS = [2_000, 30_000] as const;

/** Nothing waits to be let go: time alone moves what travels. */
const NO_SCHEDULER: Scheduler = { schedule: (task) => task, count: () => 0, waitOne: async () => {} };

/** Plays a run of random calls and faults to its end. The same seed plays the same run. */
export async function playFaults(options: FaultRunOptions): Promise<FaultOutcome> {
  const { stackTraceLimit } = Error;
  // Calls fail by the thousands, and nobody reads where.
  Error.stackTraceLimit = 0;
  try {
    return await new FaultRun(options).play();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

class FaultRun {
  readonly #minutes: number;
  readonly #plan: Random;
  readonly #net: FaultNet;
  readonly #fleet: Fleet;
  readonly #log: FaultLog;
  readonly #callers: Callers;
  readonly #watch: Watch;

  constructor({ seed, minutes, plant, isTold = false }: FaultRunOptions) {
    const random = new Random(seed);
    this.#minutes = minutes;
    this.#plan = random.fork();
    this.#log = new FaultLog({ isTold });
    this.#net = new FaultNet(NODES, random.fork());
    this.#fleet = new Fleet({
      scheduler: NO_SCHEDULER,
      times: 1,
      net: this.#net,
      skews: NODES.map(() => this.#plan.pick(SKEWS_MS)),
      patience: {},
      loadEnd: loadEnds(this.#net, random.fork()),
      ...(plant !== undefined && { plant }),
    });
    this.#callers = new Callers(this.#fleet, this.#log, random.fork());
    this.#watch = new Watch(this.#fleet, this.#net, this.#log);
    this.#fleet.recorder.fail = ({ node, operation, key, error }) =>
      this.#log.tell(this.#now, () => `node ${node} fails to ${operation} ${key}: ${String(error)}`);
    this.#net.tell = (text) => this.#log.tell(this.#now, text);
    const lost = (lose: () => void) => (): void => {
      lose();
      this.#log.lossesMs.push(this.#now);
    };
    const evictions = random.fork();
    this.#net.flush = lost(() => this.#fleet.flush());
    this.#net.replicate = () => this.#fleet.replicate();
    this.#net.failover = lost(() => {
      this.#failedOverAt = this.#now;
      this.#fleet.failover();
    });
    this.#net.evict = () => {
      for (const name of NAMES.filter(() => evictions.chance(0.5))) {
        this.#fleet.evict(name);
        this.#evictedAt.set(name, this.#fleet.server.now());
      }
    };
    this.#net.setBack = () => {
      this.#fleet.server.shift(-SET_BACK_MS);
      this.#log.setBacksMs.push(this.#now);
    };
  }

  /** When the server forgot what has a name, by its clock. */
  readonly #evictedAt = new Map<string, number>();

  #failedOverAt = Number.NEGATIVE_INFINITY;

  async play(): Promise<FaultOutcome> {
    // A node whose server did not tell its time goes by its own clock for a while: no promise holds for that time.
    for (const { ready } of this.#fleet.nodes) void ready();
    await this.#fleet.steady.advance(100);
    const endAt = this.#now + this.#minutes * MINUTE_MS;
    while (this.#now < endAt) await this.#episode();
    await this.#fleet.steady.advance(MINUTE_MS);
    await this.#fleet.close();
    return { log: this.#log, felt: this.#felt() };
  }

  get #now(): number {
    return this.#fleet.steady.now();
  }

  async #episode(): Promise<void> {
    const faults = planEpisode(this.#plan, NODES);
    this.#callers.keys = this.#plan.pick([KEYS, KEYS, KEYS.slice(0, 1), KEYS.slice(1, 3)]);
    const lengthMs = Math.max(...faults.map(({ atMs, spanMs }) => atMs + spanMs));
    for (const planned of faults) this.#schedule(planned);
    for (let ms = this.#pause(0, faults); ms < lengthMs + 3 * HOT_FOR_MS; ms += this.#pause(ms, faults))
      this.#callAt(ms);
    for (const edge of edgesOf(faults)) this.#burst(edge);
    if (this.#plan.chance(0.05)) this.#setBack();
    const stop = this.#watch.start();
    await this.#fleet.steady.advance(lengthMs + WELL_AFTER_MS);
    await this.#agree();
    const peaceMs = this.#plan.span(...PEACE_MS);
    for (let ms = this.#plan.between(0, COLD_MS); ms < peaceMs; ms += this.#plan.between(0, 2 * COLD_MS))
      this.#callAt(ms);
    await this.#fleet.steady.advance(peaceMs);
    stop();
  }

  #schedule({ fault, atMs, spanMs }: PlannedFault): void {
    const { steady } = this.#fleet;
    const told = JSON.stringify(fault);
    steady.after(atMs, () => {
      this.#log.tell(this.#now, () => `begins: ${told}`);
      const end = this.#net.begin(fault);
      steady.after(spanMs, () => {
        this.#log.tell(this.#now, () => `ends: ${told}`);
        end();
      });
    });
  }

  #burst(ms: number): void {
    for (let count = 0; count < BURST; count += 1)
      this.#callAt(Math.max(0, ms + this.#plan.between(-BURST_MS, BURST_MS)));
  }

  /** How long it is, at `ms`, until the next call. */
  #pause(ms: number, faults: readonly PlannedFault[]): number {
    const isHot = edgesOf(faults).some((edge) => Math.abs(edge - ms) < HOT_FOR_MS);
    return this.#plan.between(0, 2 * (isHot ? HOT_MS : WARM_MS));
  }

  /** A node whose event loop is stalled calls nothing. */
  #callAt(ms: number): void {
    const node = this.#plan.pick(this.#fleet.nodes);
    this.#fleet.steady.after(ms, () => {
      if (!this.#net.loop(nodeName(node.index)).isStalled) this.#callers.call(node);
    });
  }

  #setBack(): void {
    const { machine, index } = this.#plan.pick(this.#fleet.nodes);
    this.#log.tell(this.#now, () => `the clock of node ${index} is set back`);
    machine.shift(-HOUR_MS);
  }

  /**
   * Whether every node gives what the server holds, or nothing where that holds nothing. A node to which a server that took
   * over is still to lose something may load the same version once more, which is no news for the others.
   */
  async #agree(): Promise<void> {
    const isMadeUpFor = this.#failedOverAt + LOSS_MS < this.#now;
    for (const key of KEYS) {
      const far = await this.#fleet.peek(key);
      const reads = this.#fleet.nodes.map((node) => this.#sight(node, key, far));
      await this.#fleet.steady.advance(20);
      const after = await this.#fleet.peek(key);
      const seen = (await Promise.all(reads)).flatMap((sight) => sight ?? []);
      // A load that took its time may have come in between.
      if (isMadeUpFor && after?.createdAt === far?.createdAt) this.#log.agreeing.push(...seen);
    }
  }

  /** What a node may take a value to be older or younger by: a moment, and what it has not been told of the server's clock. */
  #clockErrorMs(node: FleetNode): number {
    const untold = this.#log.setBacksMs.filter((at) => at > this.#now - 2 * SAMPLE_AGE_MS);
    // Its own clock, and that of whoever has set the deadline.
    return SOON_MS + Math.abs(node.clock.now() - this.#fleet.server.now()) + untold.length * SET_BACK_MS;
  }

  /** Nothing where a value is about to expire: clocks differ. */
  async #sight(node: FleetNode, key: string, far: CacheEntry | undefined): Promise<Sight | undefined> {
    const [cache, id] = keyed(node, key);
    const [found, entry] = await Promise.all([cache.get(id), cache.entry(id)]);
    const now = this.#fleet.server.now();
    if ([far, entry].some((each) => each !== undefined && Math.abs(each.freshUntil - now) < this.#clockErrorMs(node)))
      return undefined;
    const expected = far !== undefined && far.freshUntil > now ? (far.value as Value) : undefined;
    const what = `node ${node.index} gives value ${found?.serial} of ${key}, and the server holds ${expected?.serial}`;
    // Of what was evicted a copy that is near stays valid, and another node may load the same version once more.
    const isEvicted = entry !== undefined && this.#wasEvictedSince(key, entry.createdAt - this.#clockErrorMs(node));
    if (isEvicted && expected === undefined) return undefined;
    const isSame = found?.serial === expected?.serial || (isEvicted && found?.version === expected?.version);
    return { ms: this.#now, what, isRight: isSame };
  }

  #wasEvictedSince(key: string, since: number): boolean {
    const name = storedKey(key);
    return [name, ...scopesOf(name)].some((each) => (this.#evictedAt.get(each) ?? 0) > since);
  }

  #felt(): Readonly<Record<string, number>> {
    return { ...this.#net.lineCounts, ...this.#net.busCounts, losses: this.#log.lossesMs.length, ...this.#watch.felt };
  }
}

/** When something begins to go wrong, and when it ends. */
function edgesOf(faults: readonly PlannedFault[]): number[] {
  return faults.flatMap(({ atMs, spanMs }) => [atMs, atMs + spanMs]);
}

/** Loads take a while: mostly a few milliseconds, now and then longer than a fault lasts. */
function loadEnds(net: FaultNet, random: Random): (load: Birth) => Promise<LoadOutcome> {
  return ({ node }) =>
    new Promise((resolve) => {
      const ms = random.chance(0.8) ? random.span(1, 60) : random.span(60, 6_000);
      net.steady.after(ms, () => net.loop(nodeName(node)).receive(() => resolve("loaded")));
    });
}
