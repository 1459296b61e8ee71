/** What happens while a stream of chunks is read. */
export interface Observer {
  /** A chunk of this many bytes was handed out. */
  chunk?(bytes: number): void;
  /** Called once: the stream came to its end, failed, or its reader gave it up, even before the first chunk. */
  end(outcome: "done" | "failed" | "left"): void;
}

/** Passes a stream on as it is. (A generator would not notice that it is given up before its first chunk.) */
export function observe(chunks: AsyncIterable<Uint8Array>, observer: Observer): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = chunks[Symbol.asyncIterator]();
      let ended = false;
      const end: Observer["end"] = (outcome) => {
        if (!ended) observer.end(outcome);
        ended = true;
      };
      return {
        next: async () => {
          try {
            const result = await iterator.next();
            if (result.done === true) end("done");
            else observer.chunk?.(result.value.length);
            return result;
          } catch (error) {
            end("failed");
            throw error;
          }
        },
        return: async (value?: unknown) => {
          end("left");
          return (await iterator.return?.(value)) ?? { done: true, value };
        },
      };
    },
  };
}
