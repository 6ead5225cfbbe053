/**
 * Runs each of `candidates` once a round, in random order, and compares within the round, so that a machine that
 * slows down slows all of them. The first rounds warm up and do not count.
 */
export async function rounds(candidates, { counted = 15, warmUp = 4 } = {}) {
  const names = Object.keys(candidates);
  const times = [];
  for (let round = 0; round < warmUp + counted; round += 1) {
    const taken = {};
    for (const name of shuffled(names)) taken[name] = await candidates[name]();
    if (round >= warmUp) times.push(taken);
  }
  const [floor] = names;
  return names.map((name) => ({
    name,
    ns: quartiles(times.map((taken) => taken[name]))[1],
    ratio: quartiles(times.map((taken) => taken[name] / taken[floor])),
  }));
}

/** Nanoseconds an operation of `work`, which does `count` of them. */
export async function timed(count, work) {
  const from = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - from) / count;
}

function shuffled(names) {
  return names
    .map((name) => [Math.random(), name])
    .sort(([a], [b]) => a - b)
    .map(([, name]) => name);
}

function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
}
