// A small writer of bar charts. Text and lines are legible on light and on dark ground.
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .title { font-weight: 600 } .tick { font-size: 10px } .ours { font-weight: 600 }
  .bar { fill: #8b949e } .bar.ours { fill: #2f81f7 } .bar.floor { fill: #8b949e; opacity: .45 }
  .grid { stroke: #8b949e; opacity: .25 } .base { stroke: #8b949e } .whisker { stroke: #57606a; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) { text { fill: #adbac7 } .whisker { stroke: #adbac7 } }`;

const WIDTH = 720;
const LEFT = 240;
const RIGHT = 90;
const LINE = 20;
const HEAD = 44;

/**
 * Horizontal bars, one panel above the other. A panel is `{ title, base, bars }`, a bar `{ label, text, value, kind }`
 * with the quartiles as `value`. Bars begin at `base`; where the values are far apart the scale is logarithmic.
 */
export function barChart(panels) {
  const parts = [];
  let top = 8;
  for (const panel of panels) {
    parts.push(`<g transform="translate(0 ${top})">${panelOf(panel)}</g>`);
    top += HEAD + panel.bars.length * LINE + 16;
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img">`;
  return `${head}\n<style>${STYLE}</style>\n${parts.join("\n")}\n</svg>\n`;
}

function panelOf({ title, base, bars }) {
  const { place, ticks, scale } = scaleOf(bars, base);
  const bottom = HEAD + bars.length * LINE;
  const grid = ticks.map((tick) => {
    const x = round(place(tick));
    const line = `<line class="${tick === base ? "base" : "grid"}" x1="${x}" x2="${x}" y1="${HEAD - 6}" y2="${bottom}"/>`;
    return `${line}<text class="tick" x="${x}" y="${HEAD - 10}" text-anchor="middle">${tick.toLocaleString("en")}</text>`;
  });
  const drawn = bars.map((bar, at) => barOf(bar, { y: HEAD + at * LINE, from: place(base), place }));
  return [`<text class="title" x="8" y="14">${escaped(title)}${scale}</text>`, ...grid, ...drawn].join("\n");
}

function barOf({ label, text, value, kind }, { y, from, place }) {
  const [low, middle, high] = value.map(place);
  const whiskers = `<path class="whisker" d="M${round(low)} ${y + 8}H${round(high)}"/>`;
  const [x, width] = [Math.min(from, middle), Math.max(1, Math.abs(middle - from))];
  return [
    `<text class="${kind}" x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${escaped(label)}</text>`,
    `<rect class="bar ${kind}" x="${round(x)}" y="${y + 2}" width="${round(width)}" height="12" rx="1"/>`,
    high - low > 2 ? whiskers : "",
    `<text class="${kind}" x="${round(Math.max(from, high)) + 6}" y="${y + 12}">${escaped(text)}</text>`,
  ].join("");
}

/** Where values stand between the left and the right edge, and the ticks between. */
function scaleOf(bars, base) {
  const values = bars.flatMap(({ value }) => value);
  const top = Math.max(base * 1.5, ...values);
  const positive = values.filter((value) => value > 0);
  const least = Math.min(...positive);
  const isLog = base > 0 || top > 12 * least;
  const bottom = isLog ? Math.min(base > 0 ? base : least / 2, least) : 0;
  const of = isLog ? (value) => Math.log(Math.max(value, bottom)) : (value) => value;
  const place = (value) => LEFT + ((of(value) - of(bottom)) / (of(top) - of(bottom))) * (WIDTH - LEFT - RIGHT);
  const ticks = isLog ? logTicks(bottom, top) : linearTicks(top);
  return { place, ticks: ticks.filter((tick) => tick >= bottom && tick <= top), scale: isLog ? ", logarithmic" : "" };
}

function logTicks(bottom, top) {
  const steps = top / bottom > 1_000 ? [1] : top / bottom > 8 ? [1, 2, 5] : [1, 1.5, 2, 3, 5, 7];
  const powers = Array.from({ length: 16 }, (_, at) => 10 ** (at - 6));
  return powers.flatMap((power) => steps.map((step) => Number((step * power).toPrecision(3))));
}

function linearTicks(top) {
  const power = 10 ** Math.floor(Math.log10(top));
  const step = [0.2, 0.5, 1].map((each) => each * power).find((each) => top / each <= 6) ?? power;
  return Array.from({ length: 12 }, (_, at) => Number((at * step).toPrecision(3)));
}

const round = (value) => Math.round(value * 10) / 10;

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
