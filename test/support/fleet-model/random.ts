const MODULUS = 2 ** 31 - 1;
const MULTIPLIER = 48_271;

/** Numbers that look random, and are the same for the same seed. (Park and Miller's minimal standard, 1993.) */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.abs(seed) % (MODULUS - 1)) + 1;
    // Small seeds begin close together.
    for (let round = 0; round < 8; round += 1) this.next();
  }

  /** From above 0 to below 1. */
  next(): number {
    this.#state = (this.#state * MULTIPLIER) % MODULUS;
    return this.#state / MODULUS;
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  /** Between the two, short ones as likely as long ones: as many from 10 to 100 as from 100 to 1,000. */
  span(least: number, most: number): number {
    return least * (most / least) ** this.next();
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Name[];
    const total = names.reduce((sum, name) => sum + weights[name], 0);
    let left = this.next() * total;
    return names.find((name) => (left -= weights[name]) < 0) ?? (names[0] as Name);
  }

  /** A generator of its own, so that what one part draws does not shift what another does. */
  fork(): Random {
    return new Random(Math.floor(this.next() * MODULUS));
  }
}
