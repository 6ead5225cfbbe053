import { faceOf } from "../harness/cannot.mjs";
import { measureFigures } from "../harness/figures-row.mjs";
import { origin, valueOf } from "../harness/workload.mjs";
import { EVERYBODY } from "../subjects/names.mjs";

const BOUND = 10_000;
const KEYS = 1_000_000;
const LOOK_EVERY = 10_000;

export const row = {
  title: "A bound that holds",
  about:
    "A million distinct keys through a memory that is bound to 10,000 entries: the most entries at once, and how much the " +
    "heap holds after the last key beyond what it held when the bound was first reached.",
  subjects: EVERYBODY,
  goals: { "most entries": [BOUND, BOUND], "heap grown by": [5, 1] },
  plot: [],
};

const UNITS = { "most entries": "", "heap when full": "MB", "heap grown by": "MB" };

export async function measure({ participants, start, failed }) {
  const open = async (participant) => {
    const child = await start(participant, { flags: ["--expose-gc"] });
    return { round: () => child.call("flood"), end: () => child.end() };
  };
  return measureFigures({ participants, start: open, failed, rounds: { counted: 1, warmUp: 0 }, units: UNITS });
}

export async function open(subject, { short }) {
  const source = origin();
  const face = await faceOf(subject, { setup: "memory", needs: ["bound"], maxEntries: BOUND, load: source.load });
  return { flood: () => flood({ face, source }, short ? KEYS / 20 : KEYS) };
}

async function flood({ face, source }, count) {
  let [most, full] = [0, 0];
  for (let at = 0; at < count; at += 1) {
    source.hand(valueOf(at));
    const value = await face.getOrSet(`id${at}`);
    if (value.id !== at) throw new Error(`A load gave ${JSON.stringify(value)}.`);
    if (at % LOOK_EVERY !== 0) continue;
    most = Math.max(most, face.entryCount?.() ?? 0);
    // Twice the bound, so that what is made on the way is there too.
    if (at === 2 * BOUND) full = megabytes();
  }
  source.close();
  const figures = { "heap when full": full, "heap grown by": megabytes() - full };
  return face.entryCount === undefined ? figures : { "most entries": most, ...figures };
}

function megabytes() {
  for (let time = 0; time < 3; time += 1) globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}
