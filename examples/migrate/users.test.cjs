const { memoryStore } = require("@granary/memory");
const { userService } = require("./users.cjs");

function openUsers() {
  const database = { find: jest.fn(async (id) => ({ id, name: "Ada" })), rename: jest.fn() };
  return { users: userService(memoryStore(), database), database };
}

afterEach(() => jest.useRealTimers());

test("a user is read once, until the name changes", async () => {
  const { users, database } = openUsers();
  expect(await users.find(7)).toEqual({ id: 7, name: "Ada" });
  await users.find(7);
  expect(database.find).toHaveBeenCalledTimes(1);
  await users.rename(7, "Grace");
  await users.find(7);
  expect(database.find).toHaveBeenCalledTimes(2);
  await users.close();
});

test("a user is read again after five minutes", async () => {
  jest.useFakeTimers();
  const { users, database } = openUsers();
  await users.find(7);
  jest.advanceTimersByTime(5 * 60_000);
  await users.find(7);
  expect(database.find).toHaveBeenCalledTimes(2);
  await users.close();
});
