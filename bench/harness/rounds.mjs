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
    const inTurn = shuffled(groups).flatMap((group) => shuffled(group));
    for (const candidate of inTurn) if (!out.has(candidate)) await attempt(candidate, result);
    if (round >= warmUp) results.push(result);
  }
  return results;

  async function attempt(candidate, result) {
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
  return [0.25, 0.5, 0.75].map((share) => sorted[Math.round(share * (sorted.length - 1))]);
}
