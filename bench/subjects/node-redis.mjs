import { createClient } from "@keyv/redis";
import { readLoadWrite, TTL_MS } from "./common.mjs";

/** A second floor: the client under Keyv, cacheable and cache-manager, without them. */
export const about = { packages: ["@keyv/redis"], docs: ["https://github.com/redis/node-redis#readme"] };

export const cannot = {};

export async function redis({ url, load }) {
  const client = await createClient({ url }).connect();
  const parsed = (text) => (text === null ? undefined : JSON.parse(text));
  const get = async (key) => parsed(await client.get(key));
  const set = (key, value) => client.set(key, JSON.stringify(value), { PX: TTL_MS });
  const getMany = async (keys) => (await client.mGet(keys)).map(parsed);
  return {
    get,
    set,
    getMany,
    getOrSetMany: getMany,
    getOrSet: readLoadWrite({ get, set }, load),
    close: () => client.destroy(),
  };
}
