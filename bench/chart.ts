/** Small SVG charts: lines over two logarithmic axes, and bars. */

export interface Series {
  readonly name: string;
  /** x and y, both above 0, in order of x. */
  readonly points: readonly (readonly [number, number])[];
}

const COLOURS = ["#c2410c", "#ea9a5b", "#1d4ed8", "#15803d", "#7e22ce"];
const INK = "#1f2937";
const GRID = "#e5e7eb";
const WIDTH = 720;

/** Lines over logarithmic axes. @param x.ticks the values that are named below the axis */
export function lineChart(
  title: string,
  x: { label: string; ticks: readonly number[] },
  y: { label: string; format: (value: number) => string },
  series: readonly Series[],
): string {
  const height = 400;
  const area = { left: 76, right: WIDTH - 190, top: 48, bottom: height - 52 };
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const [first, last] = [Math.min(...x.ticks), Math.max(...x.ticks)];
  const atX = scale(Math.log10(first), Math.log10(last), area.left, area.right);
  const atY = scale(low, high, area.bottom, area.top);
  const parts: string[] = [];
  for (let power = low; power <= high; power++) {
    const at = round(atY(power));
    parts.push(line(area.left, at, area.right, at, GRID), text(area.left - 8, at + 4, y.format(10 ** power), "end"));
  }
  for (const tick of x.ticks) {
    const at = round(atX(Math.log10(tick)));
    parts.push(line(at, area.top, at, area.bottom, GRID), text(at, area.bottom + 18, String(tick), "middle"));
  }
  parts.push(
    text((area.left + area.right) / 2, height - 12, x.label, "middle"),
    text(area.left - 60, 34, y.label, "start"),
  );
  const ends: number[] = [];
  series.forEach(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length] ?? INK;
    const places = points.map(([px, py]) => [round(atX(Math.log10(px))), round(atY(Math.log10(py)))] as const);
    const path = places.map(([px, py]) => `${px},${py}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>`);
    for (const [px, py] of places) parts.push(`<circle cx="${px}" cy="${py}" r="3.5" fill="${colour}"/>`);
    const end = places.at(-1);
    if (end === undefined) return;
    const at = apart(end[1] + 4, ends);
    ends.push(at);
    parts.push(text(end[0] + 10, at, name, "start", colour));
  });
  return svg(height, title, parts);
}

/** Horizontal bars from 0, or on a logarithmic axis from `logFrom`. */
export function barChart(
  title: string,
  bars: readonly { name: string; value: number; label: string }[],
  logFrom?: number,
): string {
  const row = 34;
  const height = 60 + bars.length * row;
  const place = (value: number): number => (logFrom === undefined ? value : Math.log10(value / logFrom));
  const atX = scale(0, Math.max(...bars.map(({ value }) => place(value))), 200, WIDTH - 130);
  const parts = bars.flatMap(({ name, value, label }, i) => {
    const top = 50 + i * row;
    const end = round(Math.max(atX(place(value)), 202));
    const colour = name.startsWith("boxcar") ? COLOURS[0] : COLOURS[2];
    return [
      text(190, top + 15, name, "end"),
      `<rect x="200" y="${top}" width="${round(end - 200)}" height="22" rx="3" fill="${colour ?? INK}"/>`,
      text(end + 8, top + 15, label, "start"),
    ];
  });
  return svg(height, title, parts);
}

function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** The place nearest to `at` that is a line of text away from all that are taken. */
function apart(at: number, taken: readonly number[]): number {
  for (let distance = 0; ; distance += 2) {
    for (const place of [at - distance, at + distance]) {
      if (taken.every((other) => Math.abs(other - place) >= 16)) return place;
    }
  }
}

const round = (value: number): number => Math.round(value * 10) / 10;

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}"/>`;
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end", colour = INK): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${colour}">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function svg(height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escape(title)}">
<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>
<text x="16" y="24" font-size="15" font-weight="600" fill="${INK}">${escape(title)}</text>
${parts.join("\n")}
</svg>
`;
}
