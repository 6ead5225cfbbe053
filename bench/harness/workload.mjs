import { setTimeout as pause } from "node:timers/promises";
import { zipf } from "./zipf.mjs";

export const KEYS = 10_000;

/** Read over and over; a power of two, so that the place in it is one `&`. */
const READS = 2 ** 17;

export const keyOf = (at) => `id${at}`;

/** What every row stores and reads. */
export const valueOf = (at) => ({
  id: at,
  name: `name ${at}`,
  tags: ["a", "b", "c", "d", "e"],
  nested: { at, of: { nothing: null, yes: true } },
});

/** What every read must give, so that nothing fast and wrong can win. */
export function check(value, at) {
  if (value?.id === at && value.name.endsWith(String(at)) && value.nested.at === at) return;
  throw new Error(`A read of ${keyOf(at)} gave ${JSON.stringify(value)}.`);
}

export const keys = Array.from({ length: KEYS }, (_, at) => keyOf(at));

/** The places of the keys to read, in the order of the reads. */
export const readOrder = (size = KEYS) => ({ places: zipf(size, READS), mask: READS - 1 });

/** What the loaders of a row give: the value that was handed over last, or, with none, a refusal. */
export function origin() {
  let value;
  return {
    load: async () => {
      if (value === undefined) throw new Error("A hit loads nothing.");
      return value;
    },
    hand: (next) => {
      value = next;
    },
    close: () => {
      value = undefined;
    },
  };
}

const FILL_AT_ONCE = 100;

/** A library with a time limit may give up a write on a machine that is busy, and says so by `false`; later it takes it. */
const MOST_TRIES = 60;
const TRY_AGAIN_MS = 500;

/** Writes the value of each of `size` keys; through its loader where a library has no write. */
export async function fill(face, source, size = KEYS) {
  if (face.set === undefined) await fillByLoads(face, source, size);
  else await fillByWrites(face, size);
  source.close();
}

async function fillByLoads(face, source, size) {
  for (let at = 0; at < size; at += 1) {
    source.hand(valueOf(at));
    check(await face.getOrSet(keyOf(at)), at);
  }
}

async function fillByWrites(face, size) {
  for (let from = 0; from < size; from += FILL_AT_ONCE) {
    const places = Array.from({ length: Math.min(FILL_AT_ONCE, size - from) }, (_, each) => from + each);
    await Promise.all(places.map((at) => write(face, at)));
  }
}

async function write(face, at) {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if ((await face.set(keyOf(at), valueOf(at))) !== false) return;
    await pause(TRY_AGAIN_MS);
  }
  throw new Error(`${keyOf(at)} was not written.`);
}
