/** The plot of the growth curves: one small panel each, both axes logarithmic; and the memory over the requests served. */
import { CURVES } from '../growth/curves.ts';
import type { GrowthResult, MemoryResult, Point } from '../results.ts';
import { figure, short } from './numbers.ts';
import { dot, line, linearScale, logScale, svgOf, text } from './svg.ts';
import type { Scale } from './svg.ts';

const COLUMNS = 3;
const PANEL = { width: 280, height: 170 };
const INSIDE = { left: 14, right: 262, top: 44, bottom: 132 };
/** A flat curve would fill its panel with noise: each panel shows at least so many times the least cost. */
const LEAST_SPAN = 10;

export function describeGrowthPlot(growth: GrowthResult | undefined, memory: MemoryResult | undefined): string {
  const curves = CURVES.flatMap(({ id, title, sizes, cost }) => {
    const points = growth?.curves[id] ?? [];
    return points.length === 0 ? [] : [logPanel({ title, sizes, cost }, points)];
  });
  const panels = [...curves, ...(memory === undefined ? [] : [memoryPanel(memory.points)])];
  const rows = Math.ceil(panels.length / COLUMNS);
  return svgOf(
    { width: COLUMNS * PANEL.width, height: rows * PANEL.height },
    'How costs grow with sizes',
    panels.map((inside, index) => {
      const [x, y] = [(index % COLUMNS) * PANEL.width, Math.floor(index / COLUMNS) * PANEL.height];
      return `<g transform="translate(${x} ${y})">\n${inside}\n</g>`;
    }),
  );
}

interface Names {
  readonly title: string;
  readonly sizes: string;
  readonly cost: string;
}

function logPanel(names: Names, points: readonly Point[]): string {
  const costs = points.map(([, cost]) => cost);
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  const spare = Math.sqrt(Math.max(1, LEAST_SPAN / (most / least)));
  const x = logScale(points[0]?.[0] ?? 1, points.at(-1)?.[0] ?? 1, INSIDE.left, INSIDE.right);
  return panel(names, points, { x, y: logScale(least / spare, most * spare, INSIDE.bottom, INSIDE.top) });
}

/** From zero on both axes, so that a flat curve is seen to be flat. */
function memoryPanel(points: readonly Point[]): string {
  const names = { title: 'Memory by invites served', sizes: 'invites served', cost: 'MiB resident' };
  const most = Math.max(...points.map(([, mebibytes]) => mebibytes));
  return panel(names, points, {
    x: linearScale(points.at(-1)?.[0] ?? 1, INSIDE.left, INSIDE.right),
    y: linearScale(most * 1.3, INSIDE.bottom, INSIDE.top),
  });
}

function panel({ title, sizes, cost }: Names, points: readonly Point[], { x, y }: { x: Scale; y: Scale }): string {
  const places = points.map(([size, value]) => [x(size), y(value)] as const);
  const [first, last] = [points[0], points.at(-1)];
  return [
    text(INSIDE.left, 16, title, { kind: 'title' }),
    text(INSIDE.left, 31, cost, { kind: 'small' }),
    line('axis', [
      [INSIDE.left, INSIDE.top],
      [INSIDE.left, INSIDE.bottom],
      [INSIDE.right, INSIDE.bottom],
    ]),
    line('own line', places),
    ...(points.length > 12 ? [] : places.map(([left, top]) => dot('own', left, top, 2.5))),
    ...(first === undefined || last === undefined
      ? []
      : [
          text(INSIDE.left + 4, y(first[1]) - 7, figure(first[1]), { kind: 'small' }),
          text(INSIDE.right, y(last[1]) - 7, figure(last[1]), { anchor: 'end', kind: 'small' }),
          text(INSIDE.left, INSIDE.bottom + 14, short(first[0]), { kind: 'small' }),
          text(INSIDE.right, INSIDE.bottom + 14, short(last[0]), { anchor: 'end', kind: 'small' }),
        ]),
    text((INSIDE.left + INSIDE.right) / 2, INSIDE.bottom + 27, sizes, { anchor: 'middle', kind: 'small' }),
  ].join('\n');
}
