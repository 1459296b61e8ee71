/** The next source is opened when no more than this is left of the one that is read, bytes: two chunks of a file. */
const AHEAD = 2 << 20;

/** Bytes that begin to be read when they are asked for. */
export interface Source {
  readonly length: number;
  /** Chunks are only valid until the next one of the same source is asked for. */
  read(): AsyncIterator<Uint8Array, unknown, undefined>;
}

interface Opened {
  readonly iterator: AsyncIterator<Uint8Array, unknown, undefined>;
  readonly first: Promise<IteratorResult<Uint8Array, unknown>>;
  left: number;
}

/**
 * Yields the bytes of sources one after another. The next one is opened, and its first chunk read, while the last
 * bytes of the one before are on their way: storage answers late, not slowly. No earlier: a client may be slow for hours.
 */
export async function* inTurn(sources: Iterable<Source>): AsyncGenerator<Uint8Array, void, undefined> {
  const waiting = sources[Symbol.iterator]();
  let current = openNext(waiting);
  let following: Opened | undefined;
  try {
    while (current !== undefined) {
      for (let step = await current.first; step.done !== true; step = await current.iterator.next()) {
        yield step.value;
        // Not before: whoever waits for the first byte would wait for the next source, too.
        current.left -= step.value.length;
        if (current.left <= AHEAD) following ??= openNext(waiting);
      }
      current = following ?? openNext(waiting);
      following = undefined;
    }
  } finally {
    await Promise.all([current, following].map((opened) => close(opened)));
  }
}

function openNext(waiting: Iterator<Source>): Opened | undefined {
  const next = waiting.next();
  if (next.done === true) return undefined;
  const iterator = next.value.read();
  const first = iterator.next();
  // A failure is met when its turn comes.
  first.catch(() => undefined);
  return { iterator, first, left: next.value.length };
}

async function close(opened: Opened | undefined): Promise<void> {
  if (opened === undefined) return;
  await opened.first.catch(() => undefined);
  await opened.iterator.return?.();
}
