import { keyGlob } from "./key-glob.js";
import { keyPrefixOf, type RedisClient, type RedisNode } from "./redis-client.js";

const KEYS_A_STEP = 500;

/**
 * The keys that match `glob`, in batches, without the client's `keyPrefix`; on a cluster those of every master.
 * Each step is a `SCAN`, which never holds Redis up; what is written meanwhile may come or not, and a key may repeat.
 */
export async function* walkKeys(client: RedisClient, glob: string): AsyncGenerator<readonly string[], void> {
  const prefix = keyPrefixOf(client);
  const { pattern, matches } = keyGlob(glob, prefix);
  for (const node of await mastersOf(client)) {
    for await (const keys of scan(node, pattern)) {
      const found = keys.map((key) => key.slice(prefix.length)).filter(matches);
      yield found;
    }
  }
}

async function mastersOf(client: RedisClient): Promise<readonly Pick<RedisNode, "scan">[]> {
  if (client.isCluster !== true || client.nodes === undefined) return [client];
  // A cluster client that has just been made knows its startup nodes only. It holds this back until it knows all.
  await client.ping();
  return client.nodes("master");
}

async function* scan(node: Pick<RedisNode, "scan">, pattern: string): AsyncGenerator<readonly string[], void> {
  let cursor = "0";
  do {
    const [next, keys] = await node.scan(cursor, "MATCH", pattern, "COUNT", KEYS_A_STEP);
    yield keys;
    cursor = String(next);
  } while (cursor !== "0");
}
