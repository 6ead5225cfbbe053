// Messages between processes, one a line.

/** Calls `hear` with each message that comes through `socket`. */
export function onMessage(socket, hear) {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(JSON.parse(line));
  });
}

export function tell(socket, message) {
  socket.write(`${JSON.stringify(message)}\n`);
}
