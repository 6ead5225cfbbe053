/**
 * Does the work of every candidate once a round and gives the results of each round, as maps by candidate. The
 * candidates of a group are compared: they follow one another, in random order, so that a machine that slows down
 * slows all of them. The order of the groups is random too. The first `warmUp` rounds do not count. A candidate that
 * fails is told to `failed` and left out from then on.
 */
export async function interleaved(groups, { counted, warmUp, failed }) {
  const results = [];
  const out = new Set();
  for (let round = 0; round < warmUp + counted; round += 1) {
    const result = new Map();
    for (const candidate of shuffled(groups).flatMap(shuffled)) await attempt(candidate, result);
    if (round >= warmUp) results.push(result);
  }
  return results;

  async function attempt(candidate, result) {
    if (out.has(candidate)) return;
    try {
      result.set(candidate, await candidate.work());
    } catch (error) {
      out.add(candidate);
      failed(candidate, error);
    }
  }
}

function shuffled(items) {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** The lower quartile, the median and the upper quartile. */
export function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  return [Math.floor(0.25 * last), Math.round(0.5 * last), Math.ceil(0.75 * last)].map((at) => sorted[at]);
}
