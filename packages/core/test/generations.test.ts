import { describe, expect, test } from "vitest";
import {
  type GenerationRecord,
  generationsOf,
  newEpoch,
  newRecord,
  raised,
  readGenerations,
  validityOf,
} from "../src/generations.js";

const NOW = 1_800_000_000_000;
const RECORD: GenerationRecord = { epoch: "a", sequence: 20, cleared: 10, tagged: 15 };

/** The validity of an entry in one namespace. */
const judge = (generations: string | undefined, record: GenerationRecord | undefined, isTagged = false) =>
  validityOf(generations, [record], isTagged);

describe("an entry is valid", () => {
  test.each([
    ["that was loaded in this generation", ["a.20", false], "valid"],
    ["that was loaded just after the last clear", ["a.10", false], "valid"],
    ["that was loaded before the last clear", ["a.9", false], "invalid"],
    ["of another epoch, whatever its sequence", ["b.20", false], "invalid"],
    ["of a sequence that a failover took back", ["a.21", false], "invalid"],
    ["with tags, none of which was invalidated since", ["a.15", true], "valid"],
    ["with tags, some of which may have been", ["a.14", true], "ask"],
    ["without tags, though some were invalidated since", ["a.14", false], "valid"],
    ["with tags, from before the last clear", ["a.9", true], "invalid"],
    ["that carries no generation", [undefined, false], "invalid"],
    ["that carries an empty text", ["", false], "invalid"],
    ["that carries more levels than its key has", ["a.20,b.1", false], "invalid"],
    ["whose text is damaged", ["a.x", false], "invalid"],
  ] as const)("or not: %s", (_, [generations, isTagged], validity) => {
    expect(judge(generations, RECORD, isTagged)).toBe(validity);
  });

  test("only where the record of each level is there and says so", () => {
    const other: GenerationRecord = { epoch: "b", sequence: 5, cleared: 0, tagged: 0 };
    expect(validityOf("a.20,b.5", [RECORD, other], false)).toBe("valid");
    expect(validityOf("a.9,b.5", [RECORD, other], false)).toBe("invalid");
    expect(validityOf("a.20,b.5", [RECORD, undefined], false)).toBe("invalid");
    expect(validityOf("a.20,b.5", [undefined, other], false)).toBe("invalid");
    expect(validityOf("a.20", [RECORD, other], false)).toBe("invalid");
    // One level asks, the other refuses: what refuses wins in either order.
    expect(validityOf("a.14,c.5", [RECORD, other], true)).toBe("invalid");
    expect(validityOf("c.5,a.14", [other, RECORD], true)).toBe("invalid");
    expect(validityOf("a.14,b.5", [RECORD, other], true)).toBe("ask");
  });

  test("always, in no namespace", () => {
    expect(validityOf(undefined, [], true)).toBe("valid");
  });
});

describe("a record", () => {
  test("that is new hides every entry from before, and has no invalidation", () => {
    const [one, other] = [newRecord(NOW), newRecord(NOW)];
    expect(one).toMatchObject({ sequence: NOW * 1_000, cleared: 0, tagged: 0 });
    expect(one.epoch).not.toBe(other.epoch);
    expect(judge(generationsOf([other]), one)).toBe("invalid");
    expect(judge(generationsOf([one]), one)).toBe("valid");
  });

  test("goes up with each invalidation, also where time stands still or is set back", () => {
    let record = newRecord(NOW);
    for (const now of [NOW, NOW, NOW - 3_600_000, 0]) {
      const next = raised(record, "namespace", now);
      expect(next).toEqual({ ...record, sequence: record.sequence + 1, cleared: record.sequence + 1 });
      record = next;
    }
  });

  test("goes up to the time at least, so that a number which was lost is not given out again", () => {
    const lost = raised(raised(newRecord(NOW), "tags", NOW), "tags", NOW);
    const kept = raised(newRecord(NOW), "namespace", NOW + 1);
    expect(kept.sequence).toBe((NOW + 1) * 1_000);
    expect(kept.sequence).toBeGreaterThan(lost.sequence);
  });

  test("of tags keeps what was cleared, and the other way about", () => {
    const tagged = raised(RECORD, "tags", 0);
    expect(tagged).toEqual({ epoch: "a", sequence: 21, cleared: 10, tagged: 21 });
    expect(raised(tagged, "namespace", 0)).toEqual({ epoch: "a", sequence: 22, cleared: 22, tagged: 21 });
  });

  test("stays a safe number for as long as dates are", () => {
    const record = raised(newRecord(NOW), "namespace", Date.UTC(2200, 0));
    expect(Number.isSafeInteger(record.sequence)).toBe(true);
  });
});

test("what an entry carries is read back as it was written", () => {
  const levels = [RECORD, newRecord(NOW), { epoch: "z9", sequence: Number.MAX_SAFE_INTEGER }];
  expect(readGenerations(generationsOf(levels))).toEqual(levels.map(({ epoch, sequence }) => ({ epoch, sequence })));
});

test.each(["", "a", "a.", ".1", "a.1,", "a.x", "a.1.5", "a.9007199254740993", "a.Infinity"])(
  "%j is damaged, and carries nothing",
  (text) => {
    // An empty sequence reads as 0, which is before every invalidation.
    expect(readGenerations(text).every(({ sequence }) => sequence === 0)).toBe(true);
  },
);

test("an epoch does not come twice, and is what the wire format takes", () => {
  const epochs = Array.from({ length: 1_000 }, newEpoch);
  expect(new Set(epochs).size).toBe(1_000);
  for (const epoch of epochs) expect(epoch).toMatch(/^[0-9a-z]+$/);
});
