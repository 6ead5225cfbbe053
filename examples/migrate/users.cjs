const { createCache } = require("@granary/core");

/** The users of an application. It is handed a store, and not a line of it knows which. */
function userService(store, database) {
  const users = createCache({ store, namespace: "users", ttl: "5m" });
  return {
    find: (id) => users.getOrSet(id, () => database.find(id)),
    async rename(id, name) {
      await database.rename(id, name);
      await users.delete(id);
    },
    close: () => users.close(),
  };
}

module.exports = { userService };
