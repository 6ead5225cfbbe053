import { redisBus, redisStore } from "@granary/redis";
import { Redis } from "ioredis";
import { CachedShop, type Far } from "./cached-shop.js";
import { IpcBus } from "./ipc-bus.js";
import { ipcStore } from "./ipc-store.js";
import { Line } from "./line.js";
import { PriceWatch } from "./price-watch.js";
import type { FirstProcess, Worker, WorkerOptions } from "./protocol.js";
import { removeKeys } from "./remove-keys.js";
import { Shopping } from "./shopping.js";

const options = JSON.parse(process.argv[2] ?? "") as WorkerOptions;
const client = options.far.kind === "redis" ? new Redis(options.far.url) : undefined;

/** One process of the shop: what it does when the first process tells it to. */
const worker: Worker = {
  ready: async () => {},
  shop: (pages) => new Shopping(shop, options).run(pages),
  async stampede({ id, readers }) {
    const reads = Array.from({ length: readers }, () => shop.read({ table: "deals", id }));
    return (await Promise.all(reads)).length;
  },
  watch: (change) => watch.begin(change),
  seen: () => watch.seen(),
  changePrice: (change) => shop.changePrice(change),
  async clear() {
    if (client !== undefined) await removeKeys(client, options.prefix);
  },
  async close() {
    await shop.close();
    await client?.quit();
  },
  heard: (message) => ipcBus.hear(message),
};

const line = new Line<FirstProcess>(process, worker);
const ipcBus = new IpcBus(line);
const shop = new CachedShop(line, openFar(), options);
const watch = new PriceWatch(shop);

// Without the first process there is nobody to work for.
process.once("disconnect", () => process.exit());
// Ctrl-C reaches every process of the terminal at once; it is the first one that lets the others end.
process.on("SIGINT", () => {});

function openFar(): Far {
  if (client === undefined) return { store: ipcStore(line), bus: ipcBus };
  return { store: redisStore({ client }), bus: redisBus({ client, channel: `${options.prefix}:bus` }) };
}
