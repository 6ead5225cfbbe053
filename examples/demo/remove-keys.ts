import type { Redis } from "ioredis";

/** Removes every key that begins with `prefix`: entries, and the records and leases beside them. */
export async function removeKeys(client: Redis, prefix: string): Promise<void> {
  let cursor = "0";
  do {
    const [next, keys] = await client.scan(cursor, "MATCH", `${prefix}*`, "COUNT", 500);
    if (keys.length > 0) await client.unlink(keys);
    cursor = next;
  } while (cursor !== "0");
}
