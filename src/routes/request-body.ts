import { BoxcarError } from "../errors.ts";

/**
 * The bytes of a request. A connection that breaks off is the client's doing, not a defect.
 * @throws BoxcarError `upload_aborted` (400)
 */
export async function* bodyOf(request: Request): AsyncGenerator<Uint8Array, void, undefined> {
  if (request.body === null) return;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    const message = "The connection broke off before everything had arrived. Upload it again.";
    throw new BoxcarError("upload_aborted", 400, message, {}, cause);
  } finally {
    reader.releaseLock();
  }
}

/**
 * The bytes of a request, at most `maxBytes` of them.
 * @throws BoxcarError `too_large` (413): at once when the request says so itself, else when they have come;
 *   `upload_aborted` (400)
 */
export function boundedBodyOf(request: Request, maxBytes: number): AsyncIterable<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return bounded(bodyOf(request), maxBytes);
}

async function* bounded(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function tooLarge(maxBytes: number): BoxcarError {
  const message = `The upload is larger than the ${String(maxBytes)} bytes allowed. Upload less at once, or raise BOXCAR_MAX_UPLOAD.`;
  return new BoxcarError("too_large", 413, message, { maxBytes });
}
