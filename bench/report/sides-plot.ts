/** The plot of the service beside its peers: CPU per request as bars, and latencies from p50 to p99. */
import type { LoadSample, SideSample, SidesResult } from '../results.ts';
import { figure, spreadOf } from './numbers.ts';
import { OWN_SIDES, SIDE_NAMES } from './side-names.ts';
import { bar, dot, line, linearScale, logScale, svgOf, text } from './svg.ts';

const WIDTH = 860;
const ROW = 44;
const TOP = 56;
const NAMES = 190;
const BARS = { from: NAMES + 10, to: 500 };
const LATENCIES = { from: 560, to: WIDTH - 34 };

export function describeSidesPlot({ samples, rates }: SidesResult): string {
  const bySide = Map.groupBy(samples, ({ side }) => side);
  const sides = Object.keys(SIDE_NAMES).filter((side) => bySide.has(side));
  const rows = sides.map((side) => ({ side, own: bySide.get(side) ?? [] }));
  const cpuOf = (own: readonly SideSample[]) => spreadOf(own.map(({ saturated }) => saturated.cpuUs));
  const cpuScale = linearScale(Math.max(...rows.map(({ own }) => cpuOf(own).most)), BARS.from, BARS.to - 60);

  const loads = [
    { name: 'saturated', of: ({ saturated }: SideSample) => saturated },
    ...rates.map((rate, index) => ({ name: `${rate}/s`, of: ({ open }: SideSample) => open[index] })),
  ];
  const latency = (own: readonly SideSample[], of: (sample: SideSample) => LoadSample | undefined) => {
    const measured = own.flatMap((sample) => of(sample) ?? []);
    return {
      p50: spreadOf(measured.map(({ p50Ms }) => p50Ms)).median,
      p99: spreadOf(measured.map(({ p99Ms }) => p99Ms)).median,
    };
  };
  const all = rows.flatMap(({ own }) => loads.map(({ of }) => latency(own, of)));
  const least = 10 ** Math.floor(Math.log10(Math.min(...all.map(({ p50 }) => p50))));
  const most = 10 ** Math.ceil(Math.log10(Math.max(...all.map(({ p99 }) => p99))));
  const msScale = logScale(least, most, LATENCIES.from, LATENCIES.to);
  const height = TOP + rows.length * ROW + 30;

  const ticks: string[] = [];
  for (let ms = least; ms <= most * 1.001; ms *= 10) {
    ticks.push(
      line('axis', [
        [msScale(ms), TOP - 8],
        [msScale(ms), height - 24],
      ]),
      text(msScale(ms), height - 10, `${figure(ms)} ms`, { anchor: 'middle', kind: 'small' }),
    );
  }
  const parts = rows.flatMap(({ side, own }, row) => {
    const y = TOP + row * ROW;
    const kind = OWN_SIDES.has(side) ? 'own' : 'peer';
    const cpu = cpuOf(own);
    return [
      text(NAMES, y + 20, SIDE_NAMES[side]?.name ?? side, { anchor: 'end' }),
      bar(kind, { x: BARS.from, y: y + 6, width: Math.max(1, cpuScale(cpu.median) - BARS.from), height: 20 }),
      line('range', [
        [cpuScale(cpu.least), y + 16],
        [cpuScale(cpu.most), y + 16],
      ]),
      text(cpuScale(cpu.most) + 6, y + 20, `${figure(cpu.median)} µs`),
      ...loads.flatMap(({ name, of }, index) => {
        const { p50, p99 } = latency(own, of);
        const at = y + 5 + index * 12;
        return [
          text(LATENCIES.from - 6, at + 4, name, { anchor: 'end', kind: 'small' }),
          line(`${kind} line`, [
            [msScale(p50), at],
            [msScale(p99), at],
          ]),
          dot(kind, msScale(p50), at, 2),
          dot(kind, msScale(p99), at, 3.5),
        ];
      }),
    ];
  });
  return svgOf({ width: WIDTH, height }, 'CPU time per request and latencies of the service and its peers', [
    text(BARS.from, 24, 'CPU per request: median, lowest to highest', { kind: 'title' }),
    text(LATENCIES.from, 24, 'Latency from p50 (small) to p99', { kind: 'title' }),
    ...ticks,
    ...parts,
  ]);
}
