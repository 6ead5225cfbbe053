import { describe, expect, test } from "vitest";
import { judge } from "./support/judge.mjs";

describe("the observer", () => {
  const change = { node: "a", key: "k", version: 2, resolvedAt: 100, takenAt: 150 };
  const read = { node: "b", key: "k", version: 1, at: 120 };
  const from = (reads: object[], span: object = {}) =>
    judge({ reads, changes: [change] }, { from: 0, to: 1_000, binds: "resolvedAt", ...span });

  test("finds a read of what another node had changed, and says for how long it had been", () => {
    expect(from([read])).toMatchObject({ reads: 1, changes: 1, own: [], ages: [20], oldest: read });
  });

  test("finds a read of what the same node had changed", () => {
    expect(from([{ ...read, node: "a" }]).own).toMatchObject([{ ...read, node: "a", ownAge: 20 }]);
  });

  test("says when the last of them began", () => {
    expect(from([read, { ...read, at: 130 }, { ...read, version: 2, at: 140 }]).lastOldAt).toBe(130);
    expect(from([{ ...read, version: 2 }], { from: 10 }).lastOldAt).toBe(10);
  });

  test.each([
    ["began before the change resolved", { at: 99 }, {}],
    ["gave the changed version", { version: 2 }, {}],
    ["is of another key", { key: "l" }, {}],
    ["began before Redis had the change, where that is what binds", { at: 149 }, { binds: "takenAt" }],
    ["gave what was changed later than is looked at", {}, { madeUntil: 99 }],
  ])("finds nothing wrong with a read that %s", (_, differs, span) => {
    expect(from([{ ...read, ...differs }], span)).toMatchObject({ reads: 1, own: [], ages: [] });
  });

  test("looks at no read from outside the span", () => {
    expect(from([read], { to: 120 }).reads).toBe(0);
  });
});
