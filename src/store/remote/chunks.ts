/** Read at once: workerd hands out 4 KiB at a time to readers without a buffer, each for the price of a large read. */
const BUFFER = 256 * 1024;

/**
 * The chunks of a stream; one is only valid until the next is asked for. It ends early when the signal is aborted, also
 * while a chunk is awaited and whatever the stream itself makes of the signal; leaving it cancels the stream.
 * @param length of the stream, where that is known, bytes: above 0
 */
export async function* chunksOf(
  stream: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
  length = BUFFER,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (stream === null) return;
  const reader = readerOf(stream, Math.min(length, BUFFER));
  const cancel = (): void => {
    reader.cancel(signal.reason).catch(() => undefined);
  };
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** What is used of a stream's reader. */
type ChunkReader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/** Reads a byte stream into one buffer, again and again; any other stream as it comes. */
function readerOf(stream: ReadableStream<Uint8Array>, size: number): ChunkReader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = stream.getReader({ mode: "byob" });
  } catch {
    return stream.getReader(); // Bun's bodies are no byte streams
  }
  let buffer = new ArrayBuffer(size);
  return {
    read: async () => {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return { done, value: undefined };
      buffer = value.buffer;
      return { done, value };
    },
    cancel: (reason) => reader.cancel(reason),
  };
}
