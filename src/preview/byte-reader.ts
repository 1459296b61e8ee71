/**
 * Bytes of a file that are read with what is wanted while it is indexed: `moov` of a minute mostly comes with the first or the last
 * of them, and the header of the box behind a larger one with it.
 */
const WINDOW = 64 << 10;

/** A run of bytes of a file. */
interface Span {
  readonly offset: number;
  readonly length: number;
}

/** A file that is read by spans. */
export interface ByteReader {
  /** What the viewer knows it by. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Gives exactly the bytes of a span inside the file. @throws Error with a sentence for the viewer */
  readonly read: (span: Span) => Promise<Uint8Array<ArrayBuffer>>;
}

/** A file as it was opened. */
export interface OpenedFile extends ByteReader {
  /** The first bytes of the file, where they came with the answer that told its size. */
  readonly head?: Uint8Array<ArrayBuffer>;
}

/** Opens a file, or a URL. @throws Error with a sentence for the viewer */
export async function openBytes(file: Blob | string, signal: AbortSignal): Promise<OpenedFile> {
  return typeof file === "string" ? overHttp(new URL(file, location.href), signal) : ofBlob(file);
}

function ofBlob(blob: Blob, name = "name" in blob ? String(blob.name) : "file"): ByteReader {
  return {
    name,
    size: blob.size,
    read: async ({ offset, length }) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

/** Reads with few requests: what lies near what was asked for is kept until something else is. */
export function windowed({ size, head = new Uint8Array(0), read }: OpenedFile): ByteReader["read"] {
  let window = { offset: 0, bytes: head };
  return async ({ offset, length }) => {
    if (offset < window.offset || offset + length > window.offset + window.bytes.length) {
      const wanted = Math.min(size - offset, length + WINDOW);
      window = { offset, bytes: await read({ offset, length: wanted }) };
    }
    const from = offset - window.offset;
    return window.bytes.subarray(from, from + length);
  };
}

async function overHttp(url: URL, signal: AbortSignal): Promise<OpenedFile> {
  const name = decodeURIComponent(url.pathname.split("/").at(-1) ?? "") || url.host;
  const ask = async (offset: number, length: number): Promise<Response> => {
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    const response = await fetch(url, { headers, signal }).catch((cause: unknown) => {
      throw new Error(`${name} cannot be fetched from ${url.host}. Is this page allowed to (CORS)?`, { cause });
    });
    if (!response.ok) throw new Error(`${name}: ${url.host} answers ${response.status}.`);
    return response;
  };
  const first = await ask(0, WINDOW);
  // Without ranges all of it comes at once.
  if (first.status !== 206) return ofBlob(await first.blob(), name);
  const size = Number(/\/(\d+)$/.exec(first.headers.get("content-range") ?? "")?.[1]);
  const head = new Uint8Array(await first.arrayBuffer());
  // From other origins the field can only be read where the server exposes it.
  if (!Number.isSafeInteger(size)) {
    if (head.length < WINDOW) return ofBlob(new Blob([head]), name);
    throw new Error(
      `${url.host} does not let this page read how long ${name} is (Access-Control-Expose-Headers: Content-Range).`,
    );
  }
  return {
    name,
    size,
    head,
    async read({ offset, length }) {
      const response = await ask(offset, length);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.status === 206 && bytes.length === length) return bytes;
      throw new Error(`${name} has changed, or ${url.host} sends other bytes than those asked for.`);
    },
  };
}
