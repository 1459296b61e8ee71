import { bodyLimit } from "hono/body-limit";
import type { MiddlewareHandler } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { Patience, type LeastRate } from "../../base/least-rate.ts";
import { ChunkSizes } from "../../base/small-chunks.ts";
import { refuseInput } from "./parameters.ts";
import type * as z from "./zod.ts";

/**
 * The bytes of a request, which must be all of a file, as they are. A connection that breaks off is the client's doing,
 * not a defect.
 * @throws BoxcarError `partial_body` (400, RFC 9110 section 14.5) and `unsupported_encoding` (415, section 8.4.1) at once;
 *   `upload_aborted` (400), `chunks_too_small` (400), `upload_too_slow` (408)
 */
export function bodyOf(request: Request, rate: LeastRate): AsyncGenerator<Uint8Array, void, undefined> {
  checkWhole(request);
  return arriving(request, rate);
}

function checkWhole(request: Request): void {
  if (request.headers.has("content-range")) {
    const message =
      "A body with Content-Range is a part of a file. Send the whole file, or use resumable uploads at /api/uploads.";
    throw new BoxcarError("partial_body", message);
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.trim().toLowerCase() !== "identity") {
    const message = "A body with a Content-Encoding is not taken. Send it as it is.";
    throw new BoxcarError("unsupported_encoding", message);
  }
}

async function* arriving(request: Request, rate: LeastRate): AsyncGenerator<Uint8Array, void, undefined> {
  if (request.body === null) return;
  const reader = request.body.getReader();
  const patience = new Patience(rate);
  const sizes = new ChunkSizes();
  try {
    for (;;) {
      const step = await patience.wait(reader.read(), ({ value }) => value?.length ?? 0).catch(aborted);
      if (step === undefined) throw tooSlow(rate);
      if (step.done) return;
      if (sizes.areTooSmall(step.value.length)) throw tooSmall();
      yield step.value;
    }
  } finally {
    letGo(reader);
  }
}

/** Lets others read the body, also while a read of one that is too slow is awaited: workerd throws then, and ends it with the request. */
function letGo(reader: ReadableStreamDefaultReader): void {
  try {
    reader.releaseLock();
  } catch {
    // Nobody reads it any more.
  }
}

function aborted(cause: unknown): never {
  const message = "The connection broke off before everything had arrived. Upload it again.";
  throw new BoxcarError("upload_aborted", message, {}, cause);
}

function tooSmall(): BoxcarError {
  const message = "The body comes in chunks of a few bytes. Gather them: send chunks of some kilobytes.";
  return new BoxcarError("chunks_too_small", message);
}

function tooSlow({ bytesPerSecond, graceMs }: LeastRate): BoxcarError {
  const message = `The upload was ${String(graceMs / 1000)} seconds behind the ${String(bytesPerSecond)} bytes a second that are the least. Send faster, or set BOXCAR_LEAST_UPLOAD_RATE.`;
  return new BoxcarError("upload_too_slow", message);
}

/** Bytes of the body of a call that is no upload. */
const SMALL_BODY = 65_536;

const limited = bodyLimit({
  maxSize: SMALL_BODY,
  onError: () => {
    throw new BoxcarError("too_large", `The body may have at most ${SMALL_BODY} bytes.`, { maxBytes: SMALL_BODY });
  },
});

/** Refuses bodies of more than 64 KiB, and what is no whole body as it is. @throws BoxcarError `too_large` (413), `upload_aborted` (400), and as `bodyOf` */
export const smallBody: MiddlewareHandler = async (c, next) => {
  checkWhole(c.req.raw);
  // Whoever reads it is given the same bytes.
  const read = async (): Promise<void> => {
    await c.req.arrayBuffer();
  };
  await limited(c, read).catch((cause: unknown) =>
    cause instanceof BoxcarError ? Promise.reject(cause) : aborted(cause),
  );
  await next();
};

/**
 * What a JSON body says, whatever type it is sent as: `curl -d` calls JSON a form. An empty one says nothing.
 * @throws BoxcarError `bad_request` (400), `bad_parameter` (400)
 */
export function bodyParameters<Schema extends z.ZodType>(body: string, schema: Schema): z.output<Schema> {
  let value: unknown = {};
  try {
    if (body.trim() !== "") value = JSON.parse(body);
  } catch (cause) {
    throw new BoxcarError("bad_request", "The body is no JSON. GET /docs shows what is expected.", {}, cause);
  }
  const parsed = schema.safeParse(value);
  refuseInput({ data: value, ...parsed });
  return parsed.data as z.output<Schema>;
}
