// One subject of one row, in a process of its own: child-main.mjs <row> <subject> <context as JSON>.
// It answers each message { id, command, args } with { id, value } or { id, error }; its start is message 0.
const [row, name, context] = process.argv.slice(2);
let commands;

// The run has ended, one way or the other.
process.on("disconnect", () => process.exit());
process.on("message", ({ id, command, args }) => void answer(id, () => commands[command](...args)));
await answer(0, async () => {
  const { open } = await import(`../rows/${row}.mjs`);
  commands = await open({ name, ...(await import(`../subjects/${name}.mjs`)) }, JSON.parse(context));
});

async function answer(id, work) {
  let said = { id };
  try {
    said = { id, value: await work() };
  } catch (error) {
    said = { id, error: error.stack, cannot: error.cannot };
  }
  if (process.connected) process.send(said);
}
