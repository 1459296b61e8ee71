import type { FileHandle } from "node:fs/promises";
import type { ByteSpan } from "../platform.ts";

const CHUNK = 1024 * 1024;
/** Of a span that fits into one chunk this much is read first: whoever asks for so little waits for its first byte. */
const FIRST = CHUNK / 16;
/** Idle buffers kept for the next reads. */
const KEPT = 8;

/** Reads spans of files in chunks of up to 1 MiB, one chunk ahead of its consumer, with buffers it uses again. */
export class FileReader {
  readonly #idle: Uint8Array[] = [];

  /**
   * Yields the bytes of a span. A chunk is only valid until the next one is asked for. The handle stays open; no read
   * on it is under way any more when the iteration has ended, however it ended.
   * @param short makes the error for a file that ends before the span does
   */
  async *read(handle: FileHandle, span: ByteSpan, short: () => Error): AsyncGenerator<Uint8Array, void, undefined> {
    const end = span.offset + span.length;
    let position = span.offset;
    let current = this.#take(span.length > CHUNK ? CHUNK : Math.min(span.length, FIRST));
    let spare: Uint8Array | undefined;
    let ahead = this.#fill(handle, current, position, end);
    try {
      for (;;) {
        const { bytesRead } = await ahead;
        if (bytesRead === 0) throw short();
        position += bytesRead;
        const chunk = current.subarray(0, bytesRead);
        if (position === end) {
          yield chunk;
          break;
        }
        const next = spare ?? this.#take(end - position);
        spare = current;
        current = next;
        ahead = this.#fill(handle, current, position, end);
        yield chunk;
      }
      // Only here: a consumer that gave up may still have its last chunk in flight.
      this.#give(current);
      if (spare !== undefined) this.#give(spare);
    } finally {
      await ahead.catch(() => undefined);
    }
  }

  #take(length: number): Uint8Array {
    if (length <= FIRST) return Buffer.allocUnsafe(length);
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
  }

  #give(buffer: Uint8Array): void {
    if (buffer.byteLength === CHUNK && this.#idle.length < KEPT) this.#idle.push(buffer);
  }

  #fill(handle: FileHandle, buffer: Uint8Array, position: number, end: number): Promise<{ bytesRead: number }> {
    const read = handle.read(buffer, 0, Math.min(buffer.byteLength, end - position), position);
    // The consumer may be away while this fails; the failure is met when the chunk is awaited.
    read.catch(() => undefined);
    return read;
  }
}
