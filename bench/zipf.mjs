/** `count` indices below `size`, drawn with probabilities that fall as 1/rank^0.99: a few are asked for most of the time. */
export function zipf(size, count) {
  const sums = [];
  let sum = 0;
  for (let rank = 1; rank <= size; rank += 1) sums.push((sum += 1 / rank ** 0.99));
  return Array.from({ length: count }, () => rankOf(sums, Math.random() * sum));
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
