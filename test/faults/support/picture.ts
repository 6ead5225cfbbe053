import type { CallKind, Slice, Span } from "./fault-fleet.js";
import { latenciesOf } from "./figures.js";
import type { Outcome } from "./outcome.js";

const [WIDTH, LEFT, RIGHT, TOP, HEIGHT] = [880, 74, 150, 40, 220];
/** The lowest and the highest latency that is shown, in milliseconds: equal steps are equal factors. */
const [LOWEST, HIGHEST] = [0.1, 10_000];
/** About as many points as the eye can tell apart. */
const MOST_POINTS = 160;

const curves: ReadonlyArray<readonly [CallKind, color: string, label: string]> = [
  ["hit", "#2a7f3f", "hit in memory"],
  ["stale", "#b8860b", "stale at hand"],
  ["cold", "#1f5fa8", "cold key"],
];

const states = { closed: "#cfe8d3", "half-open": "#f4d58a", open: "#e2908a" } as const;

/** Latency over time, with the fault marked; below it the circuit breaker of each node, and what its heap holds. */
export function picture(outcome: Outcome): string {
  const { name, spans, nodes } = outcome;
  const [from, to] = [spans.before.from, spans.after.to];
  const x = (at: number): number => LEFT + ((at - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
  const stripTop = TOP + HEIGHT + 30;
  const height = stripTop + nodes.length * 34 + 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="${LEFT}" y="20" font-size="14">${escaped(name)}</text>
${outcome.marks.map((mark) => marked(mark, x)).join("\n")}
${axes(from, to, x)}
${curves.map(([kind, color, label], at) => curve(outcome, { kind, color, label, at, x })).join("\n")}
${nodes.map(({ slices, name: node }, at) => strip({ slices, node, top: stripTop + at * 34, x })).join("\n")}
</svg>
`;
}

function marked({ from, to }: Span, x: Scale): string {
  return `<rect x="${round(x(from))}" y="${TOP}" width="${round(x(to) - x(from))}" height="${HEIGHT}" fill="#f3e1e1"/>`;
}

type Scale = (at: number) => number;

function y(ms: number): number {
  const share = Math.log(Math.min(HIGHEST, Math.max(LOWEST, ms)) / LOWEST) / Math.log(HIGHEST / LOWEST);
  return TOP + HEIGHT * (1 - share);
}

function axes(from: number, to: number, x: Scale): string {
  const lines = [0.1, 1, 10, 100, 1_000, 10_000].map(
    (ms) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(ms))}" y2="${round(y(ms))}" stroke="#dddddd"/>` +
      `<text x="${LEFT - 6}" y="${round(y(ms) + 4)}" text-anchor="end">${ms} ms</text>`,
  );
  const stepMs = stepOf(to - from);
  const ticks = Array.from({ length: Math.floor((to - from) / stepMs) + 1 }, (_, at) => at * stepMs).map(
    (ms) => `<text x="${round(x(from + ms))}" y="${TOP + HEIGHT + 18}" text-anchor="middle">${ms / 1_000} s</text>`,
  );
  return [...lines, ...ticks].join("\n");
}

function stepOf(ms: number): number {
  return [500, 1_000, 2_000, 5_000, 10_000, 20_000].find((step) => ms / step <= 12) ?? 60_000;
}

interface Curve {
  readonly kind: CallKind;
  readonly color: string;
  readonly label: string;
  readonly at: number;
  readonly x: Scale;
}

/** The ninety-ninth percentile of each stretch. */
function curve({ nodes, spans }: Outcome, { kind, color, label, at, x }: Curve): string {
  const [from, to] = [spans.before.from, spans.after.to];
  const stretchMs = Math.max(200, (to - from) / MOST_POINTS);
  const slices = nodes.flatMap((node) => node.slices);
  const points = Array.from({ length: Math.ceil((to - from) / stretchMs) }, (_, index) => {
    const begun = from + index * stretchMs;
    const found = latenciesOf(within(slices, begun, begun + stretchMs), kind);
    return found === undefined ? [] : [`${round(x(begun + stretchMs / 2))},${round(y(found.p99))}`];
  }).flat();
  const legendY = TOP + 14 + at * 18;
  return (
    `<polyline fill="none" stroke="${color}" stroke-width="1.5" points="${points.join(" ")}"/>` +
    `<text x="${WIDTH - RIGHT + 12}" y="${legendY}" fill="${color}">p99, ${label}</text>`
  );
}

function within(slices: readonly Slice[], from: number, to: number): readonly Slice[] {
  return slices.filter(({ at }) => at > from && at <= to);
}

interface Strip {
  readonly slices: readonly Slice[];
  readonly node: string;
  readonly top: number;
  readonly x: Scale;
}

/** What state the breaker of a node was in, and, as a line, how much its heap held. */
function strip({ slices, node, top, x }: Strip): string {
  const boxes = runsOf(slices).map(
    ({ state, from, to }) =>
      `<rect x="${round(x(from))}" y="${top}" width="${round(Math.max(1, x(to) - x(from)))}" height="24" fill="${states[state]}"/>`,
  );
  const heaps = slices.map(({ heapUsed }) => heapUsed / 1e6);
  const most = Math.max(1, ...heaps);
  const every = Math.ceil(slices.length / MOST_POINTS);
  const line = slices
    .filter((_, at) => at % every === 0)
    .map(({ at, heapUsed }) => `${round(x(at))},${round(top + 24 - (heapUsed / 1e6 / most) * 22)}`);
  return [
    ...boxes,
    `<polyline fill="none" stroke="#555555" points="${line.join(" ")}"/>`,
    `<text x="${LEFT - 6}" y="${top + 16}" text-anchor="end">${node}</text>`,
    `<text x="${WIDTH - RIGHT + 12}" y="${top + 16}">breaker; heap ≤ ${most.toFixed(0)} MB</text>`,
  ].join("\n");
}

interface Run {
  readonly state: Slice["state"];
  readonly from: number;
  to: number;
}

/** Stretches of the same state. */
function runsOf(slices: readonly Slice[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { state, at } of slices) {
    const last = runs.at(-1);
    if (last !== undefined) last.to = at;
    if (last?.state !== state) runs.push({ state, from: at, to: at });
  }
  return runs;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
