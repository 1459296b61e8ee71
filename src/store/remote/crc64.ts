/*
 * CRC-64 of ECMA-182 as OSS computes it (https://help.aliyun.com/zh/oss/developer-reference/check-data-integrity-by-crc64): reflected,
 * all bits set at the start, inverted at the end. A number of 64 bits is kept as two of 32.
 */
const POLYNOMIAL = [0xc96c5795, 0xd7870f42] as const;

/** What a byte turns the sum into, high and low halves by turns; made once one is needed. */
let table: Int32Array | undefined;

function makeTable(): Int32Array {
  const made = new Int32Array(512);
  for (let byte = 0; byte < 256; byte++) {
    let [high, low] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (low & 1) === 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (isOdd) [high, low] = [high ^ POLYNOMIAL[0], low ^ POLYNOMIAL[1]];
    }
    made.set([high, low], byte * 2);
  }
  return made;
}

/** The sum of bytes as they pass by. */
export class Crc64 {
  #high = -1;
  #low = -1;

  add(bytes: Uint8Array): void {
    const turned = (table ??= makeTable());
    let [high, low] = [this.#high, this.#low];
    for (const byte of bytes) {
      const at = ((low ^ byte) & 255) << 1;
      low = ((low >>> 8) | (high << 24)) ^ (turned[at + 1] ?? 0);
      high = (high >>> 8) ^ (turned[at] ?? 0);
    }
    [this.#high, this.#low] = [high, low];
  }

  /** Decimal, as in `x-oss-hash-crc64ecma`. */
  toString(): string {
    return String((BigInt(~this.#high >>> 0) << 32n) | BigInt(~this.#low >>> 0));
  }
}

/** The chunks of a body, added to a sum as they pass. */
export async function* summed(
  body: AsyncIterable<Uint8Array>,
  sum: Crc64,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    sum.add(chunk);
    yield chunk;
  }
}
