import type { WriteStream } from "node:tty";

const BAR = 24;

/** Progress of many like steps: a bar that redraws itself on a terminal, one plain line a step anywhere else. */
export class Progress {
  readonly #total: number;
  readonly #out: Pick<WriteStream, "write" | "isTTY" | "columns">;
  #done = 0;

  constructor(total: number, out: Pick<WriteStream, "write" | "isTTY" | "columns"> = process.stderr) {
    this.#total = total;
    this.#out = out;
  }

  /** One step is done. */
  step(text: string): void {
    this.#done++;
    if (!this.#out.isTTY) {
      this.#out.write(`${this.#done}/${this.#total} ${text}\n`);
      return;
    }
    this.#out.write("\r\u001b[K");
    const filled = Math.round((BAR * this.#done) / Math.max(1, this.#total));
    const bar = `[${"#".repeat(filled)}${"-".repeat(BAR - filled)}] ${this.#done}/${this.#total} ${text}`;
    this.#out.write(bar.slice(0, Math.max(20, this.#out.columns - 1)));
  }

  /** Removes the bar. */
  end(): void {
    if (this.#out.isTTY) this.#out.write("\r\u001b[K");
  }
}
