// One process that measures one fact of one library, and sends the figure to its parent:
// node measure.mjs <library> <fact> <redis url>
import { once } from "node:events";
import { libraries } from "./libraries.mjs";

const [library, fact, url] = process.argv.slice(2);
/** Long enough that no process begins after the load of another has ended. */
const LOAD_MS = 500;

const facts = {
  /** Loads that `callers` of one cold key cost this process. */
  async stampede(cache, { callers, key }) {
    let loads = 0;
    const load = async () => {
      loads += 1;
      return pause("value");
    };
    const values = await Promise.all(Array.from({ length: callers }, () => cache.getOrSet(key, load)));
    if (values.some((value) => value !== "value")) throw new Error("a caller got something else");
    return loads;
  },

  /** What is served after a delete that arrived while a load was reading the old value. */
  async deleteDuringLoad(cache, { key }) {
    const reading = withResolvers();
    const old = withResolvers();
    const slow = cache.getOrSet(key, () => {
      reading.resolve();
      return old.promise;
    });
    await reading.promise;
    await cache.delete(key);
    const asked = cache.getOrSet(key, async () => "new");
    // A library that shares the load of before the delete answers only once that one ends.
    const during = await Promise.race([asked, pause("waits")]);
    old.resolve("old");
    await slow;
    return { during: during === "waits" ? await asked : during, after: (await cache.get(key)) ?? "nothing" };
  },
};

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function pause(value) {
  return new Promise((resolve) => setTimeout(resolve, LOAD_MS, value));
}

const cache = libraries[library](url);
await cache.get("connected?");
process.send("ready");
const [order] = await once(process, "message");
const figure = await facts[fact](cache, order);
process.send({ figure });
await cache.close();
process.disconnect();
