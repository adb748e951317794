/**
 * Bars over time, stacked by series, as an SVG of the width that there is. A screen reader gets one sentence, and the table
 * behind the chart has every figure. Each series has a pattern of its own beside its colour.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { AUDIT_TEXTS, count } from '../../texts.ts';
import type { Bar } from './series.ts';
import { SERIES, ticksTo } from './series.ts';

export interface ChartProps {
  readonly bars: readonly Bar[];
  /** What it shows, in one sentence. */
  readonly says: string;
  /** The words under a bar. */
  readonly labelOf: (fromMs: number) => string;
}

const HEIGHT = 240;
const TOP = 12;
const BOTTOM = 28;
const LEFT = 44;
/** Half of the last label. */
const RIGHT = 24;
/** Room for one label under the bars. */
const LABEL_WIDTH = 72;

export function Chart({ bars, says, labelOf }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const ticks = ticksTo(Math.max(...bars.map(({ invited, refused, unknown }) => invited + refused + unknown)));
  const top = ticks.at(-1) ?? 1;
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const slot = (width - LEFT - RIGHT) / bars.length;
  const barWidth = Math.max(1, Math.min(48, slot * 0.7));
  const labelEvery = Math.max(1, Math.ceil(LABEL_WIDTH / slot));
  return (
    <div ref={place} class="chart">
      <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={says}>
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch-ground" width="6" height="6" />
            <rect class="hatch-line" width="3" height="6" />
          </pattern>
        </defs>
        {ticks.map((value) => (
          <g key={value} class="tick">
            <line x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 8} y={y(value)} dy="0.32em" text-anchor="end">
              {count(value)}
            </text>
          </g>
        ))}
        {bars.map((bar, at) => {
          const x = LEFT + slot * at + (slot - barWidth) / 2;
          let below = 0;
          return (
            <g key={bar.fromMs}>
              <title>{AUDIT_TEXTS.chart.bar(labelOf(bar.fromMs), bar)}</title>
              <rect class="hover" x={LEFT + slot * at} y={TOP} width={slot} height={HEIGHT - TOP - BOTTOM} />
              {SERIES.map((name) => {
                const from = below;
                below += bar[name];
                return bar[name] === 0 ? null : (
                  <rect key={name} class={name} x={x} y={y(below)} width={barWidth} height={y(from) - y(below)} />
                );
              })}
              {at % labelEvery === 0 ? (
                <text class="label" x={LEFT + slot * (at + 0.5)} y={HEIGHT - 8} text-anchor="middle">
                  {labelOf(bar.fromMs)}
                </text>
              ) : null}
            </g>
          );
        })}
      </svg>
      <ul class="legend">
        {SERIES.map((name) => (
          <li key={name}>
            <svg width="14" height="14" aria-hidden="true">
              <rect class={name} width="14" height="14" rx="3" />
            </svg>
            {AUDIT_TEXTS.chart.series[name]}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The width of the place, also after it has changed. */
function useWidth(place: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(640);
  useEffect(() => {
    if (place.current === null) return undefined;
    const watch = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.max(240, Math.floor(entry.contentRect.width)));
    });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  return width;
}
