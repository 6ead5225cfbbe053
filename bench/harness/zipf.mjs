const EXPONENT = 0.99;

/**
 * `count` indices below `size`, drawn with probabilities that fall as 1/rank^0.99: a few are asked for most of the time.
 * The sequence is the same in every process.
 */
export function zipf(size, count) {
  const sums = new Float64Array(size);
  let sum = 0;
  for (let rank = 1; rank <= size; rank += 1) sums[rank - 1] = sum += 1 / rank ** EXPONENT;
  const random = seeded(7);
  return Array.from({ length: count }, () => rankOf(sums, random() * sum));
}

function rankOf(sums, at) {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers from 0 up to 1 by a linear congruential generator (Knuth, MMIX), of which the upper bits are used. */
function seeded(seed) {
  let state = BigInt(seed);
  return () => {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    return Number(state >> 11n) / 2 ** 53;
  };
}
