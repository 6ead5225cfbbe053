import { faceOf, reasonFor } from "../harness/cannot.mjs";
import { timing } from "../harness/timing.mjs";
import { check, fill, keyOf, origin } from "../harness/workload.mjs";
import { ON_REDIS } from "../subjects/names.mjs";

const SIZE = 2_000;
const BATCH = 100;

export const row = {
  title: "Many at once",
  about: "100 entries of Redis by one call; the time is that of the whole call.",
  redis: true,
  floor: "by-hand",
  subjects: ON_REDIS,
  goals: { getMany: [1.25, 1.15], getOrSetMany: [1.25, 1.15] },
  plot: ["getMany"],
};

export async function open(subject, context) {
  const source = origin();
  const face = await faceOf(subject, { setup: "redis", url: context.url, load: source.load, patient: context.short });
  await fill(face, source, SIZE);
  const columnOf = (method) => (face[method] === undefined ? reasonFor(subject, method) : batches(face[method]));
  return timing({ getMany: columnOf("getMany"), getOrSetMany: columnOf("getOrSetMany") }, context);
}

function batches(read) {
  const asked = Array.from({ length: SIZE / BATCH }, (_, part) =>
    Array.from({ length: BATCH }, (_, each) => keyOf(part * BATCH + each)),
  );
  let next = 0;
  return async (count) => {
    for (let done = 0; done < count; done += 1) {
      next = (next + 1) % asked.length;
      // A list, or where a library gives a map the values of that.
      let each = 0;
      for (const value of await read(asked[next])) {
        check(value, next * BATCH + each);
        each += 1;
      }
      if (each !== BATCH) throw new Error(`A read of ${BATCH} gave ${each}.`);
    }
  };
}
