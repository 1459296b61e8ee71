import { read, type BigIntStats } from "node:fs";
import type { ByteSpan, ObjectInfo } from "../../base/ports.ts";
import { LentBuffers } from "./lent-buffers.ts";
import { readsUnderWay } from "./reads-under-way.ts";

const CHUNK = 1024 * 1024;
/** A span of up to so much is read in one step: each wakes a thread, which takes longer than copying so little. */
const AT_ONCE = CHUNK / 2;
/** Of a longer one that fits into one chunk this much is read first: whoever asks for so little waits for its first byte. */
const FIRST = CHUNK / 16;
/** Spans read at once above which new ones of up to one chunk are read in one piece: each step waits in line by then. */
const FEW = 4;
/** Read at a time where many read, or a consumer is slow. */
const LITTLE = CHUNK / 64;
/** Spans read at once above which new ones are read a little at a time. */
const MANY = 64;
/** Large buffers that are lent at once; who finds none left reads chunks of `FIRST`. */
const LENT = 24;
/** A consumer that is away with a chunk for longer gives its large buffers back. */
const SLOW_MS = 500;

/**
 * Reads spans of files in chunks of up to 1 MiB, one chunk ahead of its consumer, with buffers it uses again. When many
 * read at once, or a consumer is slow, chunks are small and none is read ahead: thousands may be slow.
 */
export class FileReader {
  readonly #buffers = new LentBuffers(CHUNK, LENT);
  #reading = 0;

  /**
   * Yields the bytes of a span. A chunk is only valid until the next one is asked for. The file stays open; no read
   * of it is under way any more when the iteration has ended, however it ended.
   * @param file its descriptor
   * @param short makes the error for a file that ends before the span does
   */
  async *read(file: number, span: ByteSpan, short: () => Error): AsyncGenerator<Uint8Array, void, undefined> {
    const end = span.offset + span.length;
    const held = new Set<Uint8Array>();
    const size = ++this.#reading > MANY ? LITTLE : FIRST;
    const inOnePiece = (span.length <= AT_ONCE || this.#reading > FEW) && this.#reading <= MANY;
    let position = span.offset;
    const isLarge = span.length > CHUNK || (span.length > FIRST && inOnePiece);
    let current = (isLarge ? this.#large(held) : undefined) ?? small(span.length, size);
    let spare: Uint8Array | undefined;
    let ahead = fill(file, current, position, end);
    let isSlow = false;
    try {
      for (;;) {
        const bytesRead = await ahead;
        if (bytesRead === 0) throw short();
        position += bytesRead;
        const chunk = current.subarray(0, bytesRead);
        if (position === end) {
          yield chunk;
          break;
        }
        const left = end - position;
        const next = isSlow ? undefined : (spare ?? (left <= FIRST ? small(left, size) : this.#large(held)));
        if (next !== undefined) ahead = fill(file, next, position, end);
        const sinceMs = performance.now();
        yield chunk;
        isSlow = performance.now() - sinceMs > SLOW_MS;
        if (next !== undefined && !isSlow) {
          spare = current;
          current = next;
          continue;
        }
        if (isSlow && held.size > 0) {
          await ahead; // what was read ahead is read once more
          this.#giveBack(held);
          spare = undefined;
          current = small(left, LITTLE);
        }
        ahead = fill(file, current, position, end);
      }
      this.#giveBack(held);
    } finally {
      await ahead.catch(() => undefined);
      this.#reading--;
      // A consumer that gave up may still have its last chunk in flight; what was read ahead nobody has seen.
      if (held.delete(current)) this.#buffers.drop();
      this.#giveBack(held);
    }
  }

  #large(held: Set<Uint8Array>): Uint8Array | undefined {
    const buffer = this.#buffers.take();
    if (buffer !== undefined) held.add(buffer);
    return buffer;
  }

  #giveBack(held: Set<Uint8Array>): void {
    for (const buffer of held) this.#buffers.give(buffer);
    held.clear();
  }
}

function small(length: number, most: number): Uint8Array {
  return Buffer.allocUnsafe(Math.min(length, most));
}

function fill(file: number, buffer: Uint8Array, position: number, end: number): Promise<number> {
  const filled = readsUnderWay.count(readAt(file, buffer.subarray(0, end - position), position));
  // The consumer may be away while this fails; the failure is met when the chunk is awaited.
  filled.catch(() => undefined);
  return filled;
}

/** @returns how many bytes were read; 0 at the end of the file */
function readAt(file: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, bytes, 0, bytes.length, position, (error, bytesRead) => {
      if (error) reject(error);
      else resolve(bytesRead);
    });
  });
}

export interface OpenObject {
  readonly info: ObjectInfo;
  readonly stats: BigIntStats;
  readonly read: (span: ByteSpan) => Promise<Uint8Array>;
}

/** Reads a span at once, into memory of its own. @param short as `FileReader.read` has it */
export async function readSpan(file: number, { offset, length }: ByteSpan, short: () => Error): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const bytesRead = await readAt(file, bytes.subarray(done), offset + done);
    if (bytesRead === 0) throw short();
    done += bytesRead;
  }
  return bytes;
}
