/** Numbers from 0 to below 1, the same ones for the same seed. (Marsaglia's xorshift with 32 bits, 2003.) */
export function seededRandom(seed: number): () => number {
  // Spread over all bits, as small numbers would begin with small ones; and never 0, where the generator would stay.
  const spread = Math.imul(seed, 0x9e3779b1);
  let state = spread === 0 ? 1 : spread;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** The same items in another order, where there is another. (Durstenfeld's shuffle, 1964.) */
export function inAnotherOrder<T>(items: readonly T[], random: () => number): readonly T[] {
  const shuffled = [...items];
  for (let end = shuffled.length - 1; end > 0; end -= 1) {
    const at = Math.floor(random() * (end + 1));
    [shuffled[end], shuffled[at]] = [shuffled[at] as T, shuffled[end] as T];
  }
  return shuffled.some((item, at) => item !== items[at]) ? shuffled : shuffled.reverse();
}
