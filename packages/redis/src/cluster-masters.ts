import type { NodeAddress, RedisClient } from "./redis-client.js";

type Node = readonly [host: Uint8Array | null, port: number | string, id: Uint8Array];
type Range = readonly [first: number, last: number, master: Node, ...replicas: Node[]];

/** The masters that own a slot, by their ids, as `CLUSTER SLOTS` tells them and from where the client stands. */
export function mastersIn(slots: unknown, client: RedisClient): ReadonlyMap<string, NodeAddress> {
  const masters = (slots as readonly Range[]).map(([, , [host, port, id]]) => {
    const told = { host: String(host ?? ""), port: Number(port) };
    return [String(id), mapped(told, client)] as const;
  });
  return new Map(masters);
}

/** A client may know the nodes by other addresses than they do themselves. */
function mapped(master: NodeAddress, { options: { natMap } }: RedisClient): NodeAddress {
  const name = `${master.host}:${master.port}`;
  const found = typeof natMap === "function" ? natMap(name) : natMap?.[name];
  return found ?? master;
}
