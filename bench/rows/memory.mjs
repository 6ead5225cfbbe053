import { faceOf } from "../harness/cannot.mjs";
import { measureFigures } from "../harness/figures-row.mjs";
import { keyOf, origin, valueOf } from "../harness/workload.mjs";
import { EVERYBODY } from "../subjects/names.mjs";

const ENTRIES = 100_000;
const TAGS = ["team:7", "catalogue", "price list"];

export const row = {
  title: "Memory of an entry",
  about:
    "100,000 entries with a ttl, in a process of their own; bytes of the heap for each, above those of a `Map` with the " +
    "same keys and values. A library that keeps text instead of values counts that text.",
  subjects: [...EVERYBODY.slice(0, 1), "lru-with-ttl", ...EVERYBODY.slice(1)],
  goals: { "without tags": [115, 60] },
  plot: ["without tags"],
};

export async function measure({ start, rounds, ...how }) {
  // Each figure is that of a fresh process, and hardly differs from one to the next.
  const open = async (participant) => ({
    round: async () => ({ "without tags": await inFresh(participant, false), ...(await tagged(participant)) }),
    end: () => {},
  });
  const tagged = async (participant) => {
    try {
      return { "with three tags": await inFresh(participant, true) };
    } catch (error) {
      if (error.cannot !== undefined) return {};
      throw error;
    }
  };
  const inFresh = async (participant, withTags) => {
    const child = await start(participant, { flags: ["--expose-gc"], withTags });
    try {
      return await child.call("bytes");
    } finally {
      await child.end();
    }
  };
  const units = { "without tags": "B", "with three tags": "B" };
  return measureFigures({ ...how, start: open, rounds: { counted: Math.min(3, rounds.counted), warmUp: 0 }, units });
}

export async function open(subject, { short, withTags }) {
  const size = short ? ENTRIES / 50 : ENTRIES;
  // Tags are made anew for each entry, as they are where they come from a loader.
  const tags = withTags ? { tagsOf: () => [...TAGS] } : {};
  const filled = async (entries) => {
    const source = origin();
    const options = { setup: "memory", maxEntries: size, needs: withTags ? ["tags"] : [], ...tags };
    const face = await faceOf(subject, { ...options, load: source.load });
    for (const [key, value] of entries) await put({ face, source }, key, value);
    return face;
  };
  // Code is compiled and put on the heap too: that must have happened before.
  await (await filled(entriesOf(2_000))).close();
  return { bytes: () => bytesAboveMap(entriesOf(size), filled) };
}

const entriesOf = (size) => Array.from({ length: size }, (_, at) => [keyOf(at), valueOf(at)]);

function put({ face, source }, key, value) {
  if (face.set !== undefined) return face.set(key, value);
  source.hand(value);
  return face.getOrSet(key);
}

/** What the cache holds for each of `entries`, less what a `Map` does. Keys and values are there before and after. */
async function bytesAboveMap(entries, filled) {
  const empty = heap();
  let kept = new Map(entries);
  const bare = heap() - empty;
  kept = undefined;
  const before = heap();
  kept = await filled(entries);
  const whole = heap() - before;
  const [key, value] = entries.at(-1);
  if ((await (kept.get ?? kept.getOrSet)(key))?.id !== value.id) throw new Error("The last entry is not there.");
  return (whole - bare) / entries.length;
}

function heap() {
  for (let time = 0; time < 3; time += 1) globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
