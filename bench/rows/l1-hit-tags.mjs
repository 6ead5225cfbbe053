import { setTimeout as pause } from "node:timers/promises";
import { faceOf } from "../harness/cannot.mjs";
import { reads, timing } from "../harness/timing.mjs";
import { check, fill, KEYS, keys, origin, readOrder } from "../harness/workload.mjs";
import { EVERYBODY } from "../subjects/names.mjs";

const TAGS = ["team:7", "catalogue", "price list"];

export const row = {
  title: "A hit in memory, with tags",
  about: "The same reads of entries with three tags each, after another tag has been invalidated.",
  floor: "by-hand",
  subjects: EVERYBODY,
  goals: {
    "get, one by one": [1.8, 1.3],
    "get, 100 at once": [1.8, 1.3],
    "getOrSet, one by one": [1.8, 1.3],
    "getOrSet, 100 at once": [1.8, 1.3],
  },
  plot: ["getOrSet, one by one"],
};

export async function open(subject, context) {
  const source = origin();
  const setup = { setup: "memory", maxEntries: KEYS, tagsOf: () => TAGS, load: source.load };
  // What is written by hand has no tags to pay for: it is the floor, not a competitor.
  const face = await faceOf(subject, { ...setup, needs: subject.name === "by-hand" ? [] : ["tags"] });
  await fill(face, source);
  await face.invalidateTag?.("carried by nothing");
  await verify(face, source);
  return timing(reads({ subject, face, methods: ["get", "getOrSet"], order: readOrder() }), context);
}

/** The tags are there: one of an entry takes the entry away. */
async function verify(face, source) {
  if (face.invalidateTag === undefined) return;
  await face.invalidateTag(TAGS[1]);
  source.hand({ id: "new" });
  for (const key of [keys[0], keys[9]])
    if ((await face.getOrSet(key)).id !== "new") throw new Error("A tag did nothing.");
  await face.invalidateTag(TAGS[1]);
  // Where a clock of milliseconds tells what came before an invalidation, the next entries must come after it.
  await pause(5);
  await fill(face, source);
  check(await face.getOrSet(keys[0]), 0);
}
