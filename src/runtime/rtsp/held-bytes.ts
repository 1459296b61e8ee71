/** Bytes that there is room for at first. */
const ROOM = 16 << 10;

/**
 * Bytes that wait, one behind the other, in memory that stays. Arrays of their own would live for as long as a picture, or a part, waits:
 * they are most of what V8 has to collect.
 */
export class HeldBytes {
  #room = new Uint8Array(ROOM);
  #start = 0;
  #end = 0;

  add(bytes: ArrayLike<number>): void {
    if (this.#end + bytes.length > this.#room.length) this.#makeRoom(bytes.length);
    this.#room.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Takes out the first bytes, which are valid until others are added. */
  take(length: number): Uint8Array {
    this.#start += length;
    return this.#room.subarray(this.#start - length, this.#start);
  }

  #makeRoom(length: number): void {
    const left = this.#room.subarray(this.#start, this.#end);
    // With as much again, so that it is not moved each time.
    const needed = 2 * (left.length + length);
    if (needed > this.#room.length) this.#room = new Uint8Array(needed);
    this.#room.set(left);
    [this.#start, this.#end] = [0, left.length];
  }
}
