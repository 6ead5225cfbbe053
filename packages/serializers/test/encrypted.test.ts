import { randomBytes } from "node:crypto";
import type { CacheError, Serializer } from "@granary/core";
import { compressed, type EncryptedOptions, encrypted } from "@granary/serializers";
import { superjsonSerializer as plain } from "@granary/superjson";
import { describe, expect, test } from "vitest";
import { bytesFrom, damaged, long, newKey, oldKey, secret } from "./support/serializers.js";

const UNREADABLE = expect.objectContaining({ code: "UNREADABLE" });
const INVALID = expect.objectContaining({ code: "INVALID_OPTION" });
const user = { name: "Ada Lovelace", born: new Date(-4_858_272_000_000) };
const withKeys = (...keys: EncryptedOptions["keys"]): Serializer => encrypted(plain, { keys });

describe("what is encrypted", () => {
  test("holds nothing of the value, and names its key", () => {
    const bytes = bytesFrom(secret, user);
    expect(bytes.toString("latin1")).not.toContain("Ada");
    expect(bytes.subarray(0, 8).toString("latin1")).toBe("\u00ffe1t\u0003new");
    expect(secret.decode(bytes)).toEqual(user);
  });

  test("is as long as the value, its header, 12 bytes of IV and 16 of tag", () => {
    expect(bytesFrom(secret, user).length).toBe(Buffer.byteLength(plain.encode(user)) + 8 + 12 + 16);
  });

  test("is never the same twice", () => {
    const seen = new Set(Array.from({ length: 1_000 }, () => bytesFrom(secret, user).toString("hex", 8, 20)));
    expect(seen.size).toBe(1_000);
  });

  test("text comes back as text, and bytes as bytes", () => {
    const same = encrypted({ encode: (value) => value as string, decode: (data) => data }, { keys: [newKey] });
    expect(same.decode(same.encode("ž"))).toBe("ž");
    expect(same.decode(same.encode(Uint8Array.of(0xff, 0)))).toEqual(Buffer.of(0xff, 0));
    expect(same.decode(same.encode(""))).toBe("");
  });
});

describe("keys", () => {
  test("the first encrypts, and all decrypt", () => {
    const [before, during, after] = [withKeys(oldKey), withKeys(newKey, oldKey), withKeys(newKey)];
    expect(during.decode(before.encode(user))).toEqual(user);
    expect(after.decode(during.encode(user))).toEqual(user);
    expect(bytesFrom(withKeys(oldKey, newKey), user).subarray(5, 8).toString()).toBe("old");
  });

  test("a node that has the new key as its second reads what the others write", () => {
    expect(withKeys(oldKey, newKey).decode(withKeys(newKey, oldKey).encode(user))).toEqual(user);
  });

  test("a key that was dropped is unknown, and the error names it", () => {
    const payload = withKeys(oldKey).encode(user);
    expect(() => withKeys(newKey).decode(payload)).toThrow(UNREADABLE);
    expect(() => withKeys(newKey).decode(payload)).toThrow('under "old", which is not among the keys');
  });

  test("another key of the same name is a wrong one", () => {
    const payload = withKeys({ ...oldKey, key: newKey.key }).encode(user);
    expect(() => withKeys(oldKey).decode(payload)).toThrow(UNREADABLE);
  });

  test("the name is authenticated: one key under two names does not read across them", () => {
    const payload = bytesFrom(withKeys({ name: "one", key: newKey.key }), user);
    payload.write("two", 5);
    expect(() => withKeys({ name: "two", key: newKey.key }).decode(payload)).toThrow("bytes were changed");
  });

  test("names are any text of up to 255 bytes", () => {
    for (const name of ["k", "2026-11", "schlüssel 🔑", "n".repeat(255)]) {
      const serializer = withKeys({ name, key: newKey.key });
      expect(serializer.decode(serializer.encode(user))).toEqual(user);
    }
  });

  test("a change to the caller's key bytes changes nothing", () => {
    const key = randomBytes(32);
    const serializer = withKeys({ name: "k", key });
    const payload = serializer.encode(user);
    key.fill(0);
    expect(serializer.decode(payload)).toEqual(user);
  });
});

describe("what was tampered with is unreadable", () => {
  test("a bit in any byte", () => {
    const bytes = bytesFrom(secret, user);
    expect(bytes.length).toBeGreaterThan(100);
    for (let at = 0; at < bytes.length; at++)
      expect(() => secret.decode(damaged(bytes, at)), `byte ${at}`).toThrow(UNREADABLE);
  });

  test("an end that is cut off, wherever", () => {
    const bytes = bytesFrom(secret, user);
    for (let end = 0; end < bytes.length; end++)
      expect(() => secret.decode(bytes.subarray(0, end)), `${end} bytes`).toThrow(UNREADABLE);
  });

  test("bytes that were added", () => {
    const bytes = bytesFrom(secret, user);
    expect(() => secret.decode(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(UNREADABLE);
  });

  test("FIELD 32: what was moved to another key, compressed within or not", () => {
    for (const serializer of [secret, encrypted(compressed(plain), { keys: [newKey] }), compressed(secret)]) {
      const [ada, bob] = ["users:ada", "users:bob"].map((key) => serializer.forKey?.(key));
      const payload = ada?.encode(long) ?? "";
      expect(ada?.decode(payload)).toEqual(long);
      expect(() => bob?.decode(payload)).toThrow(UNREADABLE);
      expect(() => bob?.decode(payload)).toThrow("or moved to another entry");
      expect(() => serializer.decode(payload)).toThrow("bound to the key of its entry, which is not known here");
    }
  });

  test("FIELD 32: what is bound, with its version changed to the one that is not", () => {
    const lenient = encrypted(plain, { keys: [newKey], acceptUnbound: true });
    const payload = Buffer.from(lenient.forKey?.("users:ada").encode(user) as Uint8Array);
    payload.write("1", 2);
    expect(() => lenient.forKey?.("users:bob").decode(payload)).toThrow("bytes were changed");
    expect(() => lenient.decode(payload)).toThrow("bytes were changed");
  });

  test("FIELD 32: where the name of the secret ends and the key of the entry begins cannot be moved", () => {
    const [short, longer] = ["n", "nu"].map((name) => withKeys({ name, key: newKey.key }));
    const payload = short?.forKey?.("users").encode(user) as Uint8Array;
    expect(() => longer?.forKey?.("sers").decode(payload)).toThrow(UNREADABLE);
  });

  test("text turned into bytes, or bytes into text", () => {
    const bytes = bytesFrom(secret, user);
    bytes.write("b", 3);
    expect(() => secret.decode(bytes)).toThrow("bytes were changed");
  });

  test("what was never encrypted, as text and as bytes", () => {
    for (const payload of [plain.encode(user), Buffer.from(plain.encode(user)), compressed(plain).encode(long)]) {
      expect(() => secret.decode(payload)).toThrow(UNREADABLE);
      expect(() => secret.decode(payload)).toThrow("it is not encrypted");
    }
  });

  test("no error holds anything of a key", () => {
    const errors = [
      errorOf(() => withKeys(oldKey).decode(secret.encode(user))),
      errorOf(() => withKeys({ ...newKey, key: newKey.key.subarray(1) })),
      errorOf(() => withKeys(newKey, newKey)),
    ];
    for (const error of errors) {
      expect(error.message).not.toContain(newKey.key.toString("hex").slice(0, 8));
      expect(error.message).not.toContain(newKey.key.toString("base64").slice(0, 8));
      expect(error.message).not.toContain(newKey.key.join(",").slice(0, 8));
    }
  });
});

describe("options that are not of their form are refused at once", () => {
  test.each([
    ["no keys", []],
    ["keys by name, whose order an object does not keep", { a: newKey.key }],
    ["nothing", undefined],
    ["a key without a name", [{ key: newKey.key }]],
    ["an empty name", [{ name: "", key: newKey.key }]],
    ["a name of 256 bytes", [{ name: "n".repeat(256), key: newKey.key }]],
    ["a name with half a surrogate pair", [{ name: "a\ud800", key: newKey.key }]],
    ["a key of 31 bytes", [{ name: "a", key: newKey.key.subarray(1) }]],
    ["a key as text", [{ name: "a", key: "x".repeat(32) }]],
    ["two keys of one name", [newKey, { ...oldKey, name: newKey.name }]],
  ])("%s", (_, keys) => {
    expect(() => encrypted(plain, { keys: keys as never })).toThrow(INVALID);
  });

  test("a switch that is neither on nor off", () => {
    expect(() => encrypted(plain, { keys: [newKey], acceptUnbound: "yes" as never })).toThrow(INVALID);
  });

  test("something else than a serializer", () => {
    expect(() => encrypted(undefined as never, { keys: [newKey] })).toThrow(INVALID);
  });
});

test("compressed, then encrypted: short, and secret", () => {
  const both = encrypted(compressed(plain), { keys: [newKey] });
  const bytes = bytesFrom(both, long);
  expect(bytes.length).toBeLessThan(200);
  expect(bytes[1]).toBe("e".charCodeAt(0));
  expect(both.decode(bytes)).toEqual(long);
});

function errorOf(run: () => unknown): CacheError {
  try {
    run();
  } catch (error) {
    return error as CacheError;
  }
  throw new Error("Nothing was thrown.");
}
