/** A body whose first chunk has been read. */
export interface Started extends AsyncIterable<Uint8Array> {
  /** Frees what the read holds; after its end nothing. */
  close(): Promise<void>;
}

/** Reads the first chunk now; the body returned starts with it. It can be gone through once. */
export async function started(body: AsyncIterable<Uint8Array>): Promise<Started> {
  const iterator = body[Symbol.asyncIterator]();
  let first: IteratorResult<Uint8Array> | undefined = await iterator.next();
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const now = first;
        first = undefined;
        return now === undefined ? iterator.next() : Promise.resolve(now);
      },
      return: async (value?: unknown) => (await iterator.return?.(value)) ?? { done: true, value },
    }),
    close: async () => {
      await iterator.return?.();
    },
  };
}
