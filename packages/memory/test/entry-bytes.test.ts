import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const child = fileURLToPath(new URL("support/entry-bytes.mjs", import.meta.url));

type Kind = "plain" | "afterOdd" | "tagged" | "copied";

interface Measured {
  readonly bytes: number;
  readonly said: number;
}

const known = new Map<Kind, Measured>();

/** Bytes of the heap that an entry takes with its key, in a process of its own, and what the store says of it. */
function measured(kind: Kind): Measured {
  const found: Measured =
    known.get(kind) ?? JSON.parse(execFileSync(process.execPath, ["--expose-gc", child, kind], { encoding: "utf8" }));
  known.set(kind, found);
  return found;
}

test("an entry with fractions, one that never ends and one of two months make the others no larger", () => {
  expect(Math.abs(measured("afterOdd").bytes - measured("plain").bytes)).toBeLessThan(8);
});

test("what tiers add to their copies takes no room of its own", () => {
  expect(Math.abs(measured("copied").bytes - measured("plain").bytes)).toBeLessThan(8);
});

test.each(["plain", "tagged", "copied"] as const)(
  "what an entry is said to take is at most a tenth off: %s",
  (kind) => {
    const { bytes, said } = measured(kind);
    expect(bytes).toBeGreaterThan(150);
    expect(Math.abs(said - bytes) / bytes).toBeLessThanOrEqual(0.1);
  },
);
