/** How long every library keeps what it holds. */
export const TTL_MS = 3_600_000;

/** The `getOrSet` that users of a store without one write. */
export function readLoadWrite({ get, set }, load) {
  return async (key) => {
    const found = await get(key);
    if (found !== undefined && found !== null) return found;
    const value = await load(key);
    await set(key, value);
    return value;
  };
}
