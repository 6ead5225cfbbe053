import type { Fleet } from "./fleet.js";
import { count, facts, percent, quantile, span, table } from "./format.js";
import type { ShoppingResult, Timings } from "./protocol.js";
import type { Settings } from "./settings.js";
import type { SlowSource } from "./slow-source.js";

/** What the demo shows with. */
export interface Stage {
  readonly settings: Settings;
  readonly fleet: Fleet;
  readonly source: SlowSource;
  /** The far tier, for people. */
  readonly farName: string;
}

/** A part of the demo. */
export interface Chapter {
  readonly title: string;
  show(stage: Stage): Promise<Outcome>;
}

/** What a chapter has to say. */
interface Outcome {
  readonly text: string;
  /** Whether everything was as it should be. */
  readonly holds: boolean;
}

/** Every process shows pages: who answers, how fast, and what it spares the source. */
export const shopping: Chapter = {
  title: "1. Shopping: every page shows a product, a customer and an order",
  show: showShopping,
};

async function showShopping({ settings, fleet, source, farName }: Stage): Promise<Outcome> {
  const pages = Math.ceil(settings.pages / settings.processes);
  const results = await Promise.all(fleet.lines.map((line) => line.call("shop", pages)));
  const total = addUp(results);
  const { loads } = source;
  const [compared, equal] = [sumOf(results, "compared"), sumOf(results, "equal")];
  const text = [
    table([
      ["answered by", "reads", "share", "a look: median", "p99"],
      tierRow("L1, memory", total.near, total),
      tierRow(`L2, ${farName}`, total.far, total),
      tierRow("the source", total.source, total),
      tierRow("a read, all in all", { reads: total.gets, timings: total.reads }, total),
    ]),
    "",
    facts([
      ["loads saved", `${count(total.gets - loads)} of ${count(total.gets)} (${percent(1 - loads / total.gets)})`],
      ["types kept", `${count(equal)} of ${count(compared)} compared: dates, maps, sets and bigints as in the source`],
    ]),
  ].join("\n");
  return { text, holds: loads < total.gets && compared > 0 && equal === compared };
}

interface Answers {
  readonly reads: number;
  readonly timings: Timings;
}

function addUp(results: readonly ShoppingResult[]) {
  const hits = (isWanted: (tier: string) => boolean): number =>
    results
      .flatMap(({ stats }) => Object.entries(stats.tiers))
      .reduce((sum, [tier, count]) => sum + (isWanted(tier) ? count : 0), 0);
  const count = (name: "gets" | "misses"): number => results.reduce((sum, { stats }) => sum + stats[name], 0);
  return {
    gets: count("gets"),
    reads: results.flatMap(({ reads }) => reads),
    near: { reads: hits((tier) => tier === "memory"), timings: results.flatMap(({ near }) => near) },
    far: { reads: hits((tier) => tier !== "memory"), timings: results.flatMap(({ far }) => far) },
    source: { reads: count("misses"), timings: results.flatMap(({ source }) => source) },
  };
}

function sumOf(results: readonly ShoppingResult[], name: "compared" | "equal"): number {
  return results.reduce((sum, result) => sum + result[name], 0);
}

function tierRow(name: string, { reads, timings }: Answers, { gets }: { readonly gets: number }): readonly string[] {
  return [name, count(reads), percent(reads / gets), span(quantile(timings, 0.5)), span(quantile(timings, 0.99))];
}

/** Every process asks for a row that nobody has, many times at once. */
export const stampede: Chapter = {
  title: "2. Stampede: a new deal goes up, and everybody wants to see it at once",
  show: showStampede,
};

async function showStampede({ settings, fleet, source }: Stage): Promise<Outcome> {
  const { readers, sizes, processes } = settings;
  const loadsBefore = source.loads;
  let reads = 0;
  for (let id = 0; id < sizes.deals; id += 1) {
    const done = await Promise.all(fleet.lines.map((line) => line.call("stampede", { id, readers })));
    reads += done.reduce((sum, some) => sum + some, 0);
  }
  const loads = source.loads - loadsBefore;
  const text = [
    facts([
      ["deals", `${count(sizes.deals)}, each read ${count(readers)} times at once in each of ${processes} processes`],
      ["loads", `${count(loads)} for ${count(reads)} reads`],
    ]),
  ].join("\n");
  return { text, holds: loads > 0 && loads <= sizes.deals * processes };
}

/** One process changes a price, and the others read it. */
export const priceChanges: Chapter = {
  title: "3. Price change: one process writes, the others read every millisecond",
  show: showPriceChanges,
};

async function showPriceChanges({ settings, fleet }: Stage): Promise<Outcome> {
  const delays: Array<number | undefined> = [];
  // One that was missed is enough to know, and was waited for long enough.
  for (let change = 0; change < settings.priceChanges && !delays.includes(undefined); change += 1) {
    delays.push(...(await priceChange(fleet, change)));
  }
  const seen = delays.filter((delay) => delay !== undefined);
  const text = [
    facts([
      ["changes", `${count(settings.priceChanges)}, in turn by each of ${settings.processes} processes`],
      ["seen by others", `${count(seen.length)} of ${count(delays.length)} times`],
      ["delay", `median ${span(quantile(seen, 0.5))}, longest ${span(quantile(seen, 1))}`],
    ]),
  ].join("\n");
  return { text, holds: seen.length > 0 && seen.length === delays.length };
}

/** How long after the write each of the others saw it, in milliseconds; `undefined` for one that did not. */
async function priceChange(fleet: Fleet, change: number): Promise<ReadonlyArray<number | undefined>> {
  const { lines } = fleet;
  const writer = lines[change % lines.length];
  const others = lines.filter((line) => line !== writer);
  const news = { id: change, cents: BigInt(100_000 + change) };
  await Promise.all(others.map((line) => line.call("watch", news)));
  const writtenAt = await writer?.call("changePrice", news);
  const seenAt = await Promise.all(others.map((line) => line.call("seen")));
  return seenAt.map((at) => (at === undefined || writtenAt === undefined ? undefined : Number(at - writtenAt) / 1e6));
}
