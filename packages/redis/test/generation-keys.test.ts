import { describe, expect, test } from "vitest";
import { recordKey, scopeOfRecord, tagsKey } from "../src/generation-keys.js";
import { recordIn } from "../src/generation-record.js";
import { slotOf } from "../src/slot.js";

const SCOPES = ["granary:v1:users", "granary:v1:users/admins", "granary:v1:users/admins/é😀", "shop:v2:a b"];

describe("the keys of generations", () => {
  test.each(SCOPES)("of %s begin as its values do, and tell the namespace", (scope) => {
    expect(recordKey(scope)).toMatch(new RegExp(`^${scope.split(":")[0]}:generation:\\{`));
    expect(tagsKey(scope)).toMatch(new RegExp(`^${scope.split(":")[0]}:tags:\\{`));
    expect(scopeOfRecord(recordKey(scope))).toBe(scope);
  });

  test("of a namespace and all below it are in one slot, also behind a prefix with braces, and of others in others", () => {
    const slots = (prefix: string, scopes: readonly string[]): Set<number> =>
      new Set(scopes.flatMap((scope) => [recordKey(scope), tagsKey(scope)].map((key) => slotOf(prefix + key))));
    for (const prefix of ["", "p:", "{p}:"]) expect(slots(prefix, SCOPES.slice(0, 3)).size).toBe(1);
    expect(slots("", SCOPES).size).toBe(2);
  });
});

describe("a record", () => {
  test("is an epoch and three sequences", () => {
    expect(recordIn("e1 1800000000000001 7 0")).toEqual({
      epoch: "e1",
      sequence: 1_800_000_000_000_001,
      cleared: 7,
      tagged: 0,
    });
  });

  test.each([
    "",
    "e",
    "e 1 0",
    "e 1 0 0 ",
    "e 1 0 -1",
    "E 1 0 0",
    "e_ 1 0 0",
    "e 1 2 0",
    "e 1 0 2",
    "e 9007199254740992 0 0",
  ])("that reads %j is none", (text) => {
    expect(() => recordIn(text)).toThrow(expect.objectContaining({ code: "UNREADABLE" }));
  });
});
