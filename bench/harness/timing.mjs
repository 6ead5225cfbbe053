import { reasonFor } from "./cannot.mjs";
import { check, keys } from "./workload.mjs";

/** Long against the clock and the turn of the event loop, and long enough to pay for the garbage that it leaves. */
const BATCH_MS = 100;
const WARM_UP_MS = 500;
const AT_ONCE = 100;

/**
 * The commands of a child whose columns are timed. `columns` has, by name, either a function that does a number of
 * operations, a multiple of 100, or the reason why there is none. A batch takes at least `batchMs`.
 */
export function timing(columns, { short, batchMs = BATCH_MS }) {
  const counts = new Map();
  return {
    columns: () => Object.entries(columns).map(([name, batch]) => [name, typeof batch === "string" ? batch : null]),

    /** Warms a column up, and finds how many operations fill a batch. */
    async warm(name) {
      counts.set(name, AT_ONCE);
      let total = 0;
      while (!short && total < WARM_UP_MS) {
        const ms = (await timed(columns[name], counts.get(name))) / 1e6;
        if (ms < batchMs) counts.set(name, counts.get(name) * 2);
        total += ms;
      }
    },

    /** Nanoseconds an operation, after a few that bring the caches of the processor back. */
    async batch(name) {
      const count = counts.get(name);
      if (!short) await columns[name](Math.max(AT_ONCE, Math.round(count / AT_ONCE / 10) * AT_ONCE));
      return (await timed(columns[name], count)) / count;
    },
  };
}

async function timed(work, count) {
  const from = process.hrtime.bigint();
  await work(count);
  return Number(process.hrtime.bigint() - from);
}

/** Columns that read single keys by each of `methods`, in the order of `order`, one by one and 100 at once. */
export function reads(reading) {
  return columnsOf(reading.methods, (method, way) => readBy(way, method, reading));
}

/** A column that reads single keys by `method` in one `way`. */
export function readBy(way, method, { subject, face, order }) {
  if (face[method] === undefined) return reasonFor(subject, method);
  return way((at) => face[method](keys[at]), order, check);
}

/** Columns for each of `methods`, one by one and 100 at once. */
export function columnsOf(methods, columnOf) {
  return Object.fromEntries(
    methods.flatMap((method) => [
      [`${method}, one by one`, columnOf(method, oneByOne)],
      [`${method}, 100 at once`, columnOf(method, atOnce)],
    ]),
  );
}

/** Does `operation` for one place after the other, and checks what it gives. */
export function oneByOne(operation, { places, mask }, checked) {
  let next = 0;
  return async (count) => {
    for (const end = next + count; next < end; next += 1) {
      const at = places[next & mask];
      checked(await operation(at), at);
    }
  };
}

/** The same by 100 callers at once, each of which asks for its next when it has its last. */
export function atOnce(operation, { places, mask }, checked) {
  let next = 0;
  return async (count) => {
    const end = next + count;
    const caller = async () => {
      while (next < end) {
        const at = places[next & mask];
        next += 1;
        checked(await operation(at), at);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
  };
}

/** The same by one caller that asks for 100 in one go, and for the next when it has all of them. */
export function inOneGo(operation, { places, mask }, checked) {
  let next = 0;
  return async (count) => {
    for (const end = next + count; next < end; next += AT_ONCE) {
      const asked = [];
      for (let each = 0; each < AT_ONCE; each += 1) asked.push(operation(places[(next + each) & mask]));
      const answers = await Promise.all(asked);
      for (let each = 0; each < AT_ONCE; each += 1) checked(answers[each], places[(next + each) & mask]);
    }
  };
}
