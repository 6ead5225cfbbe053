import { seededRandom } from "./seeded-random.js";

export interface Product {
  readonly name: string;
  readonly cents: bigint;
  readonly labels: ReadonlySet<string>;
  /** Pieces in each warehouse. */
  readonly stock: ReadonlyMap<string, number>;
  readonly added: Date;
}

export interface Customer {
  readonly name: string;
  readonly city: string;
  readonly since: Date;
  readonly favourites: ReadonlySet<number>;
}

export interface Order {
  readonly customer: number;
  readonly placed: Date;
  /** Pieces of each product. */
  readonly lines: ReadonlyMap<number, number>;
  readonly totalCents: bigint;
}

export interface Deal {
  readonly title: string;
  readonly ends: Date;
  readonly products: ReadonlySet<number>;
}

/** The rows of each table. The id of a row is its place. */
export interface Shop {
  readonly products: readonly Product[];
  readonly customers: readonly Customer[];
  readonly orders: readonly Order[];
  readonly deals: readonly Deal[];
}

export type TableName = keyof Shop;
export type Row = Shop[TableName][number];

/** How many rows a shop has. */
export type Sizes = Readonly<Record<TableName, number>>;

const WAREHOUSES = ["Antwerp", "Lyon", "Porto", "Riga"];
const CITIES = ["Bergen", "Delft", "Ghent", "Krakow", "Leipzig", "Malaga", "Turin", "Uppsala"];
const MATERIALS = ["Beech", "Copper", "Cotton", "Enamel", "Linen", "Oak", "Slate", "Wool"];
const THINGS = ["basket", "blanket", "board", "bowl", "jug", "kettle", "lamp", "stool", "tray", "vase"];
const FIRST_NAMES = ["Agnes", "Bram", "Chiara", "Emil", "Ines", "Jonas", "Karin", "Luka", "Marta", "Nils"];
const LAST_NAMES = ["Berg", "Costa", "Dupont", "Fischer", "Kowalski", "Lind", "Moreau", "Novak", "Rossi", "Visser"];
const LABELS = ["new", "handmade", "last pieces", "award", "organic"];
const OPENED_AT = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/** The shop, the same one for the same sizes in every process. */
export function createShop(sizes: Sizes): Shop {
  const draw = new Draw(sizes);
  const products = times(sizes.products, () => draw.product());
  return {
    products,
    customers: times(sizes.customers, () => draw.customer()),
    orders: times(sizes.orders, () => draw.order(products)),
    deals: times(sizes.deals, (id) => draw.deal(id)),
  };
}

class Draw {
  readonly #random = seededRandom(20_261_122);
  readonly #sizes: Sizes;

  constructor(sizes: Sizes) {
    this.#sizes = sizes;
  }

  product(): Product {
    return {
      name: `${this.#oneOf(MATERIALS)} ${this.#oneOf(THINGS)} No. ${this.#below(900) + 100}`,
      cents: BigInt(this.#below(20_000) + 495),
      labels: new Set(LABELS.filter(() => this.#random() < 0.3)),
      stock: new Map(WAREHOUSES.map((warehouse) => [warehouse, this.#below(200)])),
      added: this.#day(),
    };
  }

  customer(): Customer {
    return {
      name: `${this.#oneOf(FIRST_NAMES)} ${this.#oneOf(LAST_NAMES)}`,
      city: this.#oneOf(CITIES),
      since: this.#day(),
      favourites: new Set(times(this.#below(5), () => this.#below(this.#sizes.products))),
    };
  }

  order(products: readonly Product[]): Order {
    const lines = new Map<number, number>(
      times(this.#below(4) + 1, () => [this.#below(this.#sizes.products), this.#below(3) + 1]),
    );
    const costs = [...lines].map(([id, pieces]) => (products[id]?.cents ?? 0n) * BigInt(pieces));
    const totalCents = costs.reduce((sum, cost) => sum + cost, 0n);
    return { customer: this.#below(this.#sizes.customers), placed: this.#day(), lines, totalCents };
  }

  deal(id: number): Deal {
    const products = new Set(times(8, () => this.#below(this.#sizes.products)));
    return { title: `Deal of the hour ${id + 1}`, ends: this.#day(), products };
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #oneOf(words: readonly string[]): string {
    return words[this.#below(words.length)] ?? "";
  }

  #day(): Date {
    return new Date(OPENED_AT + this.#below(1_000) * DAY_MS);
  }
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
