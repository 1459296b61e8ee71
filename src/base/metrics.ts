/** Names and values that tell the series of a metric apart. Values must come from a small set. */
export type Labels = Readonly<Record<string, string>>;

/** Numbers that the server tells about itself, in the text format of Prometheus (version 0.0.4). */
export class Metrics {
  readonly #families: { readonly head: string; lines(): Iterable<string> }[] = [];

  /** A number that only grows. @param name ends in `_total` */
  counter(name: string, help: string): Counter {
    const counter = new Counter(name);
    this.#add(name, "counter", help, counter);
    return counter;
  }

  /** A number that is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void {
    this.#add(name, "gauge", help, { lines: () => [`${name} ${String(read())}`] });
  }

  /** Numbers of several series that are read when they are asked for. @param type `counter` where they only grow while they exist */
  series(name: string, type: "gauge" | "counter", help: string, read: () => Iterable<readonly [Labels, number]>): void {
    this.#add(name, type, help, {
      lines: () => Array.from(read(), ([labels, value]) => `${name}${written(labels)} ${String(value)}`),
    });
  }

  /** A distribution. @param bounds upper, inclusive, ascending */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const histogram = new Histogram(name, bounds);
    this.#add(name, "histogram", help, histogram);
    return histogram;
  }

  /** Everything, as `text/plain; version=0.0.4`. */
  text(): string {
    return this.#families.map((family) => [family.head, ...family.lines(), ""].join("\n")).join("");
  }

  #add(name: string, type: string, help: string, family: { lines(): Iterable<string> }): void {
    this.#families.push({ head: `# HELP ${name} ${help}\n# TYPE ${name} ${type}`, lines: () => family.lines() });
  }
}

/** See `Metrics.counter`. */
export class Counter {
  readonly #name: string;
  readonly #series = new Map<string, number>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Adds to the series of these labels. */
  add(labels: Labels = {}, amount = 1): void {
    const key = written(labels);
    this.#series.set(key, (this.#series.get(key) ?? 0) + amount);
  }

  /** The lines of the text format. */
  lines(): string[] {
    return [...this.#series].map(([labels, value]) => `${this.#name}${labels} ${String(value)}`);
  }
}

/** See `Metrics.histogram`. */
export class Histogram {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>();

  constructor(name: string, bounds: readonly number[]) {
    this.#name = name;
    this.#bounds = bounds;
  }

  /** Adds a value to the series of these labels. */
  observe(value: number, labels: Labels = {}): void {
    const key = written(labels);
    let series = this.#series.get(key);
    if (series === undefined)
      this.#series.set(key, (series = { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 }));
    for (const [i, bound] of this.#bounds.entries()) if (value <= bound) series.counts[i] = (series.counts[i] ?? 0) + 1;
    series.sum += value;
    series.count++;
  }

  /** The lines of the text format. */
  *lines(): Generator<string> {
    for (const [key, { labels, counts, sum, count }] of this.#series) {
      for (const [i, bound] of this.#bounds.entries())
        yield `${this.#name}_bucket${written({ ...labels, le: String(bound) })} ${String(counts[i])}`;
      yield `${this.#name}_bucket${written({ ...labels, le: "+Inf" })} ${String(count)}`;
      yield `${this.#name}_sum${key} ${String(sum)}`;
      yield `${this.#name}_count${key} ${String(count)}`;
    }
  }
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, escaped)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}
