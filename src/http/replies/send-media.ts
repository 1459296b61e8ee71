import { BoxcarError } from "../../base/errors.ts";
import type { Media } from "../../core/index.ts";
import type { ByteSpan, SendStream } from "../../base/ports.ts";
import { started } from "../../base/started.ts";
import { chooseRange, contentRange } from "./byte-range.ts";
import { evaluateConditions, rangeApplies } from "./conditional.ts";
import { multipartByteRanges, type SizedBody } from "./multipart.ts";

/**
 * Answers a GET or HEAD request with (a part of) media: preconditions, then ranges, then the bytes (RFC 9110 sections
 * 13 and 14). The first bytes are read before the head is sent, so what fails by then still gets a status of its own.
 * @param headers sent along on 200, 206 and 304; `Content-Type` is that of the media, by default `video/mp4`
 * @param env handed on to `sendStream`
 * @throws BoxcarError `precondition_failed` (412), `range_not_satisfiable` (416), and as `Media.read` does
 */
export async function sendMedia(
  request: Request,
  media: Media,
  headers: Headers,
  sendStream: SendStream,
  env: unknown,
): Promise<Response> {
  const field = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  headers.set("Accept-Ranges", "bytes");
  headers.set("ETag", `"${media.etag}"`);
  headers.set("X-Content-Type-Options", "nosniff");

  const conditions = { ifMatch: field("if-match"), ifNoneMatch: field("if-none-match") };
  const verdict = evaluateConditions(conditions, media.etag);
  if (verdict === 412) {
    const message = "The media no longer has the entity tag that If-Match names. Ask again without If-Match.";
    throw new BoxcarError("precondition_failed", message, { etag: `"${media.etag}"` });
  }
  if (verdict === 304) {
    headers.delete("Content-Disposition");
    headers.delete("Content-Type");
    headers.delete("Content-Encoding");
    return new Response(null, { status: 304, headers });
  }

  const { status, body } = chooseBody(request, media, headers);
  headers.set("Content-Type", body.contentType);
  headers.set("Content-Length", String(body.length));
  if (request.method === "HEAD") return new Response(null, { status, headers });
  return sendStream(env, status, headers, await started(body.read()));
}

function chooseBody(request: Request, media: Media, headers: Headers): { status: number; body: SizedBody } {
  const mediaType = headers.get("content-type") ?? "video/mp4";
  const range = request.headers.get("range") ?? undefined;
  const ifRange = request.headers.get("if-range") ?? undefined;
  const applies = request.method === "GET" && rangeApplies(ifRange, media.etag);
  const choice = applies ? chooseRange(range, media.size) : "whole";
  if (choice === "unsatisfiable") {
    const message = `The media has ${String(media.size)} bytes; the range asked for lies outside of them.`;
    throw new BoxcarError("range_not_satisfiable", message, { size: media.size });
  }
  if (choice === "whole") return { status: 200, body: single(media, mediaType, { offset: 0, length: media.size }) };
  const [first] = choice;
  if (first === undefined || choice.length > 1)
    return { status: 206, body: multipartByteRanges(media, choice, mediaType) };
  headers.set("Content-Range", contentRange(first, media.size));
  return { status: 206, body: single(media, mediaType, first) };
}

function single(media: Media, contentType: string, span: ByteSpan): SizedBody {
  return { contentType, length: span.length, read: () => media.read(span) };
}
