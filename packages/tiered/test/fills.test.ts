import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fill, Fills } from "../src/fills.js";

const KEYS = ["a", "b"];

type Step = { readonly verb: "read" | "readMany" | "end" | "write" | "written" | "hear"; readonly at: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    verb: fc.constantFrom(
      "read" as const,
      "readMany" as const,
      "end" as const,
      "write" as const,
      "written" as const,
      "hear" as const,
    ),
    at: fc.nat(7),
  }),
  { minLength: 10, maxLength: 60, size: "max" },
);

interface Begun {
  readonly key: string;
  readonly fill: Fill;
  stands: boolean;
}

/** Fills beside a plain list of those that have begun, with one function a verb that acts on both and compares. */
function modelled() {
  const fills = new Fills(() => {});
  const begun: Begun[] = [];
  const writers = new Map(KEYS.map((key) => [key, 0]));
  const isWriting = (key: string) => (writers.get(key) ?? 0) > 0;
  const begin = (key: string) => {
    const fill = fills.begin(key);
    begun.push({ key, fill, stands: !isWriting(key) });
    return fill;
  };
  const void_ = (key: string) => {
    for (const each of begun) if (each.key === key) each.stands = false;
  };
  const keyAt = (at: number) => KEYS[at % KEYS.length] as string;
  const verbs: Record<Step["verb"], (at: number) => void> = {
    read: (at) => {
      const key = keyAt(at);
      if (fills.shared(key, 1) === undefined) begin(key).shared = { found: Promise.resolve(undefined), epoch: 1 };
    },
    readMany: (at) => void begin(keyAt(at)),
    end: (at) => {
      const [ended] = begun.splice(at % Math.max(1, begun.length), 1);
      if (ended !== undefined) fills.end(ended.key, ended.fill);
    },
    write: (at) => {
      const key = keyAt(at);
      writers.set(key, (writers.get(key) ?? 0) + 1);
      fills.beginWriting(key);
      void_(key);
    },
    written: (at) => {
      const key = keyAt(at);
      if (!isWriting(key)) return;
      writers.set(key, (writers.get(key) ?? 0) - 1);
      fills.endWriting(key);
    },
    hear: (at) => {
      const key = keyAt(at);
      expect(fills.hear(key)).toBe(isWriting(key));
      void_(key);
    },
  };
  const compare = () => {
    expect(begun.map(({ fill }) => fill.standing)).toEqual(begun.map(({ stands }) => stands));
    for (const key of KEYS) {
      const shared = begun.filter((each) => each.key === key && each.stands && each.fill.shared !== undefined);
      expect(fills.shared(key, 1)).toBe(shared[0]?.fill.shared?.found);
      expect(fills.shared(key, 2)).toBeUndefined();
    }
  };
  return { verbs, compare };
}

describe("reads of the far tier that overlap", () => {
  test("stand until their key changes, and are shared while they stand, in whatever order they end", () => {
    let compared = 0;
    const holds = (drawn: readonly Step[]) => {
      const { verbs, compare } = modelled();
      for (const { verb, at } of drawn) {
        verbs[verb](at);
        compare();
        compared += 1;
      }
    };
    fc.assert(fc.property(steps, holds), { numRuns: 300 });
    expect(compared).toBeGreaterThan(5_000);
  });
});
