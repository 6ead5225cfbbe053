const { redisTiers } = require("@granary/redis-tiers");
const { Redis } = require("ioredis");
const { userService } = require("./users.cjs");

let reads = 0;

/** Your database stands here. */
const database = {
  async find(id) {
    reads += 1;
    return { id, name: "Ada Lovelace", joined: new Date("2026-11-22") };
  },
  async rename() {},
};

async function main() {
  const client = new Redis(process.env.REDIS_URL ?? "redis://localhost:6379");
  const users = userService(redisTiers({ client, maxEntries: 10_000 }), database);
  for (let i = 0; i < 1_000; i++) await users.find(7);
  console.log(await users.find(7), `reads of the database: ${reads}`);
  await users.close();
  client.disconnect();
}

void main();
