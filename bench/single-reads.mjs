import { rounds, timed } from "./rounds.mjs";
import { zipf } from "./zipf.mjs";

const AT_ONCE = 100;

/** What is read in every row. */
export const valueOf = (at) => ({ id: at, name: `name ${at}`, tags: ["a", "b", "c", "d", "e"], nested: { at } });

/** The loader of rows in which everything is there. */
export const noLoader = async () => {
  throw new Error("A hit loads nothing.");
};

/** Times each of `readers`, which read by the place of a key, one after the other and 100 at once. */
export async function singleReads(readers, { keys, reads }) {
  const order = zipf(keys, reads);
  const timedBy = (way) =>
    Object.fromEntries(
      Object.entries(readers).map(([name, read]) => [name, () => timed(reads, () => way(read, order))]),
    );
  return { "one after the other": await rounds(timedBy(oneByOne)), "100 at once": await rounds(timedBy(atOnce)) };
}

async function oneByOne(read, order) {
  for (const at of order) check(await read(at));
}

async function atOnce(read, order) {
  for (let from = 0; from < order.length; from += AT_ONCE) {
    for (const value of await Promise.all(order.slice(from, from + AT_ONCE).map(read))) check(value);
  }
}

/** What every read must give, so that nothing fast and wrong can win. */
function check(value) {
  if (typeof value?.name !== "string") throw new Error("A read missed.");
}
