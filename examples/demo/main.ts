import { randomUUID } from "node:crypto";
import { constants } from "node:os";
import { type Chapter, priceChanges, type Stage, shopping, stampede } from "./chapters.js";
import { EmbeddedStore } from "./embedded-store.js";
import { Fleet } from "./fleet.js";
import { count, facts, span, title } from "./format.js";
import { type RedisOnHand, redisOnHand } from "./redis-on-hand.js";
import { readSettings } from "./settings.js";
import { FASTEST_MS, SLOWEST_MS, SlowSource } from "./slow-source.js";

const CHAPTERS: readonly Chapter[] = [shopping, stampede, priceChanges];
const NO_REDIS = "embedded: held by the first process, over IPC (no REDIS_URL, and no redis-server could be started)";

const settings = readSettings(process.env);
const redis = await redisOnHand(process.env);
const source = new SlowSource(settings.sizes);
const fleet = new Fleet({ source, embedded: new EmbeddedStore() });
let ending: Promise<void> | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    fleet.kill();
    void end().finally(() => process.exit(128 + constants.signals[signal]));
  });
}

try {
  await show({ settings, fleet, source, farName: redis === undefined ? "embedded" : "Redis" });
} finally {
  await end();
}

async function show(stage: Stage): Promise<void> {
  const began = performance.now();
  console.log(introduction(redis));
  await fleet.start({
    settings,
    far: redis === undefined ? { kind: "embedded" } : { kind: "redis", url: redis.url },
    prefix: `granary-demo-${randomUUID()}`,
  });
  for (const chapter of CHAPTERS) {
    console.log(title(chapter.title));
    const { text, holds } = await chapter.show(stage);
    console.log(text);
    if (holds) continue;
    console.log("\n  This is not as it should be.");
    process.exitCode = 1;
  }
  // A Redis that was here before the demo is left as it was.
  if (redis !== undefined) await fleet.lines[0]?.call("clear");
  console.log(`\nDone in ${span(performance.now() - began)}.`);
}

function introduction(far: RedisOnHand | undefined): string {
  const { products, customers, orders } = settings.sizes;
  return [
    title(`Granary: a shop behind a slow source, read by ${settings.processes} processes`),
    facts([
      ["source", `answers in ${FASTEST_MS} to ${SLOWEST_MS} ms`],
      ["rows", `${count(products)} products, ${count(customers)} customers, ${count(orders)} orders`],
      ["L1", `memory, at most ${count(settings.maxEntries)} entries in each process`],
      ["L2", far?.description ?? NO_REDIS],
      ["bus", far === undefined ? "embedded: messages over IPC" : "Redis publish/subscribe"],
    ]),
  ].join("\n");
}

/** Ends everything that was started; once, though a signal and the last line may both ask for it. */
function end(): Promise<void> {
  ending ??= endAll();
  return ending;
}

async function endAll(): Promise<void> {
  await fleet.close();
  await redis?.close();
}
