import { faceOf } from "../harness/cannot.mjs";
import { oneByOne, timing } from "../harness/timing.mjs";
import { origin, readOrder, valueOf } from "../harness/workload.mjs";

const SIZES = [1_000, 100_000, 1_000_000];

/** Values that differ; a million of them would measure their own memory. */
const VALUES = 1_000;

export const row = {
  title: "Growth",
  about:
    "A hit in memory by `getOrSet`, one by one, where a thousand, a hundred thousand and a million entries are held.",
  floor: "by-hand",
  subjects: ["by-hand", "granary", "bentocache", "cacheable", "keyv", "async-cache-dedupe"],
  plot: SIZES.map(columnOf),
};

function columnOf(size) {
  return `${size.toLocaleString("en")} entries`;
}

export async function open(subject, context) {
  const columns = {};
  for (const size of SIZES.map((full) => (context.short ? full / 100 : full))) {
    const source = origin();
    const face = await faceOf(subject, { setup: "memory", maxEntries: size, load: source.load });
    const keys = Array.from({ length: size }, (_, at) => `id${at}`);
    for (const [at, key] of keys.entries()) await put({ face, source }, key, valueOf(at % VALUES));
    source.close();
    columns[columnOf(size)] = oneByOne((at) => face.getOrSet(keys[at]), readOrder(size), check);
  }
  return timing(columns, context);
}

async function put({ face, source }, key, value) {
  if (face.set !== undefined) return face.set(key, value);
  source.hand(value);
  return face.getOrSet(key);
}

function check(value, at) {
  if (value?.id !== at % VALUES) throw new Error(`A read of entry ${at} gave ${JSON.stringify(value)}.`);
}
