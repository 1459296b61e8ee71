import type { Log, SendStream } from "../../base/ports.ts";

/** What the worker hands to the app with a request. */
export interface WorkerRequest {
  /** Aborts when the client goes away (compatibility flag `enable_request_signal`). */
  readonly signal: AbortSignal;
  /** Keeps a request's work going after its client has left: what is pending without it never resumes. */
  waitUntil(work: Promise<unknown>): void;
}

/** A stream of workerd's own that declares the `Content-Length` of its response; closing it short is an error. */
declare const FixedLengthStream: new (length: number) => TransformStream<Uint8Array, Uint8Array>;

/** The same without a length: of a `TransformStream` a write is over before its chunk has been taken, and chunks are used again. */
declare const IdentityTransformStream: new () => TransformStream<Uint8Array, Uint8Array>;

/**
 * Sends bodies as streams of fixed length, where that is known. A chunk is written only when the one before has been taken; a body that
 * fails, or is short, errors the stream, and so breaks the connection.
 */
export function workerSendStream(log: Log): SendStream {
  return (env, status, headers, body) => {
    const request = env as WorkerRequest;
    const length = headers.get("content-length");
    const { readable, writable } =
      length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
    const requestId = headers.get("x-request-id");
    const sent = pump(body, writable.getWriter(), request.signal).catch((error: unknown) => {
      if (request.signal.aborted) return;
      log("error", "download broken off", { requestId, error: error instanceof Error ? error.message : String(error) });
    });
    request.waitUntil(sent);
    return new Response(readable, { status, headers });
  };
}

async function pump(
  body: AsyncIterable<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const gone = (): void => void writer.abort(signal.reason).catch(() => undefined);
  signal.addEventListener("abort", gone);
  if (signal.aborted) gone();
  try {
    for await (const chunk of body) await writer.write(chunk);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener("abort", gone);
  }
}
