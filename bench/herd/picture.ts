/** A line of the picture: a value for each number of contenders. */
export interface Line {
  readonly name: string;
  readonly color: string;
  readonly points: readonly { readonly contenders: number; readonly value: number }[];
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 170;
const TOP = 40;
const BOTTOM = 60;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .grid { stroke: #d0d7de; }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .grid { stroke: #3d444d; } }
  `;

/** Both axes are logarithmic, from 1 or the fewest contenders to the next power of ten. */
export function picture(title: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  const x = scale(
    points.map(({ contenders }) => contenders),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = scale([1, ...points.map(({ value }) => value)], HEIGHT - BOTTOM, TOP);
  const grid = [
    ...y.powers.map(
      (power) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.at(power)}" y2="${y.at(power)}"/>` +
        text(LEFT - 10, y.at(power) + 4, power.toLocaleString('en-US'), 'end'),
    ),
    ...x.powers.map((power) =>
      text(x.at(power), HEIGHT - BOTTOM + 22, power.toLocaleString('en-US'), 'middle'),
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
  <style>${STYLE}</style>
  ${text(LEFT, TOP - 18, title, 'start')}
  ${grid.join('\n  ')}
  ${lines.map((line) => drawn(line, x.at, y.at)).join('\n  ')}
  ${text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, 'contenders', 'middle')}
</svg>
`;
}

function drawn(
  { name, color, points }: Line,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const at = points.map(({ contenders, value }) => [x(contenders), y(value)] as const);
  const [endX, endY] = at.at(-1)!;
  return [
    `<polyline fill="none" stroke="${color}" stroke-width="2.5" points="${at.map((pair) => pair.join(',')).join(' ')}"/>`,
    ...at.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="4" fill="${color}"/>`),
    text(endX + 12, endY + 4, name, 'start'),
  ].join('\n  ');
}

function text(x: number, y: number, what: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${what}</text>`;
}

interface Scale {
  readonly powers: readonly number[];
  at(value: number): number;
}

function scale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    powers: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
    at: (value) => Math.round(from + ((Math.log10(value) - low) / (high - low)) * (to - from)),
  };
}
