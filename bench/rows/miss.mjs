import { faceOf } from "../harness/cannot.mjs";
import { columnsOf, timing } from "../harness/timing.mjs";
import { KEYS, origin, valueOf } from "../harness/workload.mjs";
import { EVERYBODY } from "../subjects/names.mjs";

/** So many that a key has left the LRU long before it is asked for again; a power of two. */
const DISTINCT = 2 ** 17;

/** Each miss leaves garbage, which is collected in long intervals. */
const BATCH_MS = 300;

export const row = {
  title: "A miss",
  about:
    "`getOrSet` of a key that is not there, with a loader that answers at once; memory only, bound to 10,000 entries. " +
    "The floor loads and stores without a guard against loading twice.",
  floor: "by-hand",
  subjects: EVERYBODY,
  goals: { "getOrSet, one by one": [2.7, 2], "getOrSet, 100 at once": [2.7, 2] },
  plot: ["getOrSet, one by one", "getOrSet, 100 at once"],
};

export async function open(subject, context) {
  const source = origin();
  const face = await faceOf(subject, { setup: "memory", needs: ["bound"], maxEntries: KEYS, load: source.load });
  source.hand(valueOf(7));
  const keys = Array.from({ length: DISTINCT }, (_, at) => `id${at}`);
  const order = { places: keys.map((_, at) => at), mask: DISTINCT - 1 };
  const columns = columnsOf(["getOrSet"], (method, way) => way((at) => face[method](keys[at]), order, check));
  return timing(columns, { ...context, batchMs: BATCH_MS });
}

function check(value) {
  if (value?.id !== 7) throw new Error(`A load gave ${JSON.stringify(value)}.`);
}
