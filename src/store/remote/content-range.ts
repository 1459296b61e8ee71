import type { ByteSpan } from "../../base/ports.ts";
import { RemoteError } from "./remote-objects.ts";

type Field = string | null | undefined;

/**
 * The bytes that an answer to a ranged read has, by its status and fields (RFC 9110 section 14.4). A store that ignored
 * the range sends all.
 */
export function contentSpan(status: number, contentRange: Field, contentLength: Field): ByteSpan {
  if (status !== 206) return { offset: 0, length: Number(contentLength ?? Number.NaN) };
  const [, first, last] = /^bytes (\d+)-(\d+)\/(?:\d+|\*)$/.exec(contentRange ?? "") ?? [];
  if (first === undefined) throw new RemoteError("refused", "it does not say which bytes it sends");
  return { offset: Number(first), length: Number(last) - Number(first) + 1 };
}
