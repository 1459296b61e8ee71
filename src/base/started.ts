/** A body whose first chunk has been read. */
export interface Started extends AsyncIterable<Uint8Array> {
  /** Frees what the read holds; after its end nothing. */
  close(): Promise<void>;
}

/** Reads the first chunk now; the body returned starts with it. It can be gone through once. */
export function started(body: AsyncIterable<Uint8Array>): Promise<Started> {
  return begunBody(body, 1);
}

/** Reads chunks now until they have `least` bytes, or the body ends; the body returned starts with them. Chunks must stay valid. */
export async function begunBody(body: AsyncIterable<Uint8Array>, least: number): Promise<Started> {
  const iterator = body[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  for (let length = 0; length < least;) {
    const step = await iterator.next();
    if (step.done === true) break;
    held.push(step.value);
    length += step.value.length;
  }
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const value = held.shift();
        return value === undefined ? iterator.next() : Promise.resolve({ done: false, value });
      },
      return: async (value?: unknown) => (await iterator.return?.(value)) ?? { done: true, value },
    }),
    close: async () => {
      await iterator.return?.();
    },
  };
}
