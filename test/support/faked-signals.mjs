// Begins a load under fake timers in a process that has named no abort signal before, and prints how it ends without them.
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import FakeTimers from "@sinonjs/fake-timers";

const alive = setInterval(() => {}, 60_000);
const fakes = FakeTimers.install();
const cache = createCache({ store: memoryStore() });
const load = cache.getOrSet("tea", () => new Promise(() => {}), { hardTimeout: 100 }).catch(({ code }) => code);
fakes.uninstall();
process.stdout.write(String(await load));
clearInterval(alive);
