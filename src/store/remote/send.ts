import { chunksOf } from "./chunks.ts";

/** A request to a store's server. */
export interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

/** The head of an answer, and how to get at its body, once. */
export interface Answer {
  readonly status: number;
  /** The value of a header field; null where there is none. */
  field(name: string): string | null;
  text(): Promise<string>;
  /**
   * A chunk is only valid until the next one is asked for. They end early, or throw, when the connection breaks or the
   * request's signal is aborted.
   */
  chunks(): AsyncIterable<Uint8Array>;
  /** Nobody wants the body. */
  drop(): void;
}

/** Sends one request over a connection that is kept, and follows no redirect. @throws whatever the network fails with */
export type Send = (url: string, sent: Sent, signal: AbortSignal) => Promise<Answer>;

/** Bodies that are read at once: a stream costs more than so little, and leaves more to the garbage collector. Bytes. */
const SHORT = 64 << 10;

async function* wholeOf(response: Response): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array(await response.arrayBuffer());
}

/** By the runtime's own fetch. */
export const sendByFetch: Send = async (url, sent, signal) => {
  const response = await fetch(url, { ...sent, redirect: "manual", signal });
  return {
    status: response.status,
    field: (name) => response.headers.get(name),
    text: () => response.text(),
    chunks: () => {
      const length = Number(response.headers.get("content-length"));
      if (length > 0 && length <= SHORT) return wholeOf(response);
      return chunksOf(response.body, signal, length > 0 ? length : undefined);
    },
    drop: () => void response.body?.cancel().catch(() => undefined),
  };
};
