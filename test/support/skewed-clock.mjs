// Loaded before anything else in a process whose machine's clock is to be off.
const skewMs = Number(process.env.GRANARY_SKEW_MS ?? 0);
const rightNow = Date.now;

if (skewMs !== 0) {
  Date.now = () => rightNow() + skewMs;
  globalThis.Date = class extends Date {
    constructor(...given) {
      super(...(given.length === 0 ? [Date.now()] : given));
    }
  };
}
