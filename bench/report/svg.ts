/**
 * The parts of the plots: an SVG without script or fonts of its own, with colours for light and dark pages. The
 * background is the page's.
 */

const STYLE = `text { font: 12px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; }
.small { font-size: 10px; }
.axis { stroke: #8c959f; stroke-opacity: .45; fill: none; }
.own { fill: #0969da; stroke: #0969da; }
.peer { fill: #8c959f; stroke: #8c959f; }
.range { fill: none; stroke: #57606a; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; }
  .own { fill: #4493f8; stroke: #4493f8; }
  .range { stroke: #d1d7e0; }
}
.line { fill: none; stroke-width: 1.5; }`;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export function svgOf({ width, height }: Size, label: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(label)}</title>
<style>
${STYLE}
</style>
${parts.join('\n')}
</svg>
`;
}

export interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly kind?: 'title' | 'small';
}

export function text(x: number, y: number, content: string, { anchor = 'start', kind }: TextOptions = {}): string {
  const style = kind === undefined ? '' : ` class="${kind}"`;
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}"${style}>${escaped(content)}</text>`;
}

export function line(kind: string, points: readonly (readonly [x: number, y: number])[]): string {
  return `<polyline class="${kind}" points="${points.map(([x, y]) => `${at(x)},${at(y)}`).join(' ')}"/>`;
}

export function bar(kind: string, { x, y, width, height }: Size & { readonly x: number; readonly y: number }): string {
  return `<rect class="${kind}" x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"/>`;
}

export function dot(kind: string, x: number, y: number, radius = 3): string {
  return `<circle class="${kind}" cx="${at(x)}" cy="${at(y)}" r="${at(radius)}"/>`;
}

/** From a value to a place between `from` and `to`. */
export type Scale = (value: number) => number;

export function linearScale(most: number, from: number, to: number): Scale {
  return (value) => from + (value / most) * (to - from);
}

/** Between two powers of ten, or the values themselves when they are closer than that. */
export function logScale(least: number, most: number, from: number, to: number): Scale {
  const [low, high] = [Math.log(least), Math.log(Math.max(most, least * 1.01))];
  return (value) => from + ((Math.log(value) - low) / (high - low)) * (to - from);
}

function at(place: number): string {
  return String(Number(place.toFixed(1)));
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
