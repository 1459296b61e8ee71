import type { AheadBudget, AheadHolder } from "../../base/ahead.ts";

/** Of objects that are at hand the next one is opened when no more than this is left of the one that is read, bytes: two chunks of a file. */
const AT_HAND = 2 << 20;
/** A download is ahead by no more than so many times what its client has taken. */
const GROWTH = 4;
/** What a client takes is known from about the last so many bytes. */
const MEASURED = 4 << 20;

/** Bytes that begin to be read when they are asked for. */
export interface ByteSource {
  readonly length: number;
  /** What reading it ahead is counted in; undefined: it is at hand. */
  readonly ahead?: AheadBudget | undefined;
  /** Chunks are only valid until the next one of the same source is asked for. */
  read(): AsyncIterator<Uint8Array, unknown, undefined>;
}

/**
 * Yields the bytes of sources one after another. The next ones are opened while the bytes before are on their way: storage
 * answers late, not slowly. How many depends on how late it answers and how fast the client takes what it is given; a slow
 * client's download opens the next one at the end of the one before. Nothing is opened before the client has the first bytes.
 */
export async function* inTurn(sources: Iterable<ByteSource>): AsyncGenerator<Uint8Array, void, undefined> {
  const line = new Line(sources);
  try {
    for (let opened = line.next(); opened !== undefined; opened = line.next()) {
      for await (const chunk of opened.chunks()) {
        line.give();
        yield chunk;
        line.taken(chunk.length);
      }
    }
  } finally {
    await line.close();
  }
}

/** The sources of one download: the one whose turn it is, those that are open behind it, and those that wait. */
class Line implements AheadHolder {
  readonly #sources: Iterator<ByteSource, unknown>;
  /** Sources that wait to be opened before those that were never asked for. */
  readonly #waiting: ByteSource[] = [];
  readonly #opened: Opened[] = [];
  readonly #budgets = new Set<AheadBudget>();
  /** Bytes left of the source whose turn it is. */
  #left = 0;
  #total = 0;
  /** The quickest answer so far, milliseconds. */
  #answerMs = Number.POSITIVE_INFINITY;
  /** What the client has taken lately, bytes, and how long it took, milliseconds. */
  #taken = 0;
  #takingMs = 0;
  awaySinceMs: number | undefined;

  constructor(sources: Iterable<ByteSource>) {
    this.#sources = sources[Symbol.iterator]();
  }

  /** The source whose turn it is now. */
  next(): Opened | undefined {
    this.#opened.shift();
    if (this.#opened.length === 0) {
      const source = this.#take();
      if (source !== undefined) this.#opened.push(new Opened(source));
    }
    this.#left = this.#opened[0]?.source.length ?? 0;
    return this.#opened[0];
  }

  /** The client is handed a chunk. */
  give(): void {
    this.awaySinceMs = performance.now();
  }

  /** The client has taken a chunk: now others may be opened, for which it need not wait. */
  taken(length: number): void {
    this.#answerMs = Math.min(this.#answerMs, this.#opened[0]?.answerMs ?? this.#answerMs);
    this.#takingMs += performance.now() - (this.awaySinceMs ?? 0);
    this.awaySinceMs = undefined;
    this.#left -= length;
    this.#total += length;
    this.#taken += length;
    if (this.#taken > MEASURED) {
      this.#taken /= 2;
      this.#takingMs /= 2;
    }
    this.#openAhead();
  }

  letGo(): void {
    const ahead = this.#opened.splice(1);
    this.#waiting.unshift(...ahead.map(({ source }) => source));
    for (const opened of ahead) opened.close().catch(() => undefined);
  }

  /** Frees what all open sources hold. */
  async close(): Promise<void> {
    for (const budget of this.#budgets) budget.leave(this);
    await Promise.all(this.#opened.splice(0).map((opened) => opened.close()));
  }

  #openAhead(): void {
    let distance = this.#opened.slice(1).reduce((sum, { source }) => sum + source.length, this.#left);
    for (let source = this.#take(); source !== undefined; source = this.#take()) {
      const opened = source.ahead === undefined ? this.#openAtHand(source, distance) : this.#open(source, distance);
      if (opened === undefined) {
        this.#waiting.unshift(source);
        return;
      }
      this.#opened.push(opened);
      distance += source.length;
    }
  }

  #openAtHand(source: ByteSource, distance: number): Opened | undefined {
    return this.#opened.length > 1 || distance > AT_HAND ? undefined : new Opened(source);
  }

  /** Opens a source whose first byte is so far away, unless that is too far. */
  #open(source: ByteSource, distance: number): Opened | undefined {
    const budget = source.ahead;
    if (budget === undefined) return undefined;
    // What the client takes while an answer is awaited, twice: the answers that follow may come later.
    const needed = (2 * this.#answerMs * this.#taken) / Math.max(this.#takingMs, 0.001);
    const { bytes, objects } = budget.limits;
    const room = Math.min(bytes, GROWTH * this.#total, needed) - distance;
    if (room <= 0 || this.#opened.length > objects || !budget.open(this)) return undefined;
    this.#budgets.add(budget);
    return new Opened(source, { budget, holder: this, room: Math.min(room, bytes / 4) });
  }

  #take(): ByteSource | undefined {
    const given = this.#waiting.shift();
    if (given !== undefined) return given;
    const next = this.#sources.next();
    return next.done === true ? undefined : next.value;
  }
}

/** A block that bytes are read into before their turn. */
interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
}

/** Room for what is read of a source before its turn. */
interface Room {
  readonly budget: AheadBudget;
  readonly holder: AheadHolder;
  /** Bytes, as far as the budget has blocks for them. */
  readonly room: number;
}

/** A source that is read: its first chunk, and before its turn as much as there is room for. */
class Opened {
  readonly source: ByteSource;
  /** From its opening to its first chunk, milliseconds; undefined until then. */
  answerMs: number | undefined;
  readonly #iterator: AsyncIterator<Uint8Array, unknown, undefined>;
  readonly #ahead: Room | undefined;
  readonly #filling: Promise<void>;
  readonly #blocks: Block[] = [];
  /** Bytes that may still be read before its turn. */
  #room: number;
  /** What was read and found no room: valid until the next chunk is asked for. */
  #rest: Uint8Array = new Uint8Array(0);
  #isTurn = false;
  #isRead = false;

  /** @param ahead undefined: no more than its first chunk is read before its turn */
  constructor(source: ByteSource, ahead?: Room) {
    this.source = source;
    this.#ahead = ahead;
    this.#room = ahead?.room ?? 0;
    this.#iterator = source.read();
    this.#filling = this.#fill(performance.now());
    // A failure is met when its turn comes.
    this.#filling.catch(() => undefined);
  }

  /** All its bytes, once. A chunk is only valid until the next one is asked for. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#begin();
    yield* this.#filled();
    await this.#filling;
    yield* this.#filled();
    if (this.#rest.length > 0) yield this.#rest;
    while (!this.#isRead) {
      const step = await this.#iterator.next();
      if (step.done === true) this.#isRead = true;
      else yield step.value;
    }
  }

  /** Gives it up, wherever it is. It counts as open until it is closed. */
  async close(): Promise<void> {
    const isAhead = !this.#isTurn;
    this.#isTurn = true;
    await this.#filling.catch(() => undefined);
    for (const { bytes } of this.#blocks.splice(0)) this.#ahead?.budget.give(bytes);
    try {
      await this.#iterator.return?.();
    } finally {
      if (isAhead) this.#ahead?.budget.close();
    }
  }

  /** Ends its being ahead. */
  #begin(): void {
    if (!this.#isTurn) this.#ahead?.budget.close();
    this.#isTurn = true;
  }

  async #fill(sinceMs: number): Promise<void> {
    do {
      const step = await this.#iterator.next();
      this.answerMs ??= performance.now() - sinceMs;
      if (step.done === true) {
        this.#isRead = true;
        return;
      }
      this.#rest = this.#keep(step.value);
    } while (this.#rest.length === 0 && !this.#isTurn);
  }

  /** Copies bytes into blocks. @returns those for which there is no room */
  #keep(bytes: Uint8Array): Uint8Array {
    let kept = 0;
    while (kept < bytes.length && this.#room > 0) {
      const block = this.#block();
      if (block === undefined) break;
      const length = Math.min(bytes.length - kept, block.bytes.length - block.filled, this.#room);
      block.bytes.set(bytes.subarray(kept, kept + length), block.filled);
      block.filled += length;
      kept += length;
      this.#room -= length;
    }
    return bytes.subarray(kept);
  }

  #block(): Block | undefined {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.filled < last.bytes.length) return last;
    const bytes = this.#ahead?.budget.take(this.#ahead.holder);
    if (bytes === undefined) return undefined;
    const block = { bytes, filled: 0 };
    this.#blocks.push(block);
    return block;
  }

  *#filled(): Generator<Uint8Array, void, undefined> {
    for (let block = this.#blocks.shift(); block !== undefined; block = this.#blocks.shift()) {
      let isTaken = false;
      try {
        yield block.bytes.subarray(0, block.filled);
        isTaken = true;
      } finally {
        // A client that gave up may still have its last chunk in flight.
        if (isTaken) this.#ahead?.budget.give(block.bytes);
        else this.#ahead?.budget.drop();
      }
    }
  }
}
