import type { ByteSpan, Store } from "../platform.ts";
import type { Span } from "../wasm/records/output.ts";
import { INLINE } from "../wasm/records/output.ts";

/** Unwanted bytes between two spans that are read and dropped rather than asked for apart. */
const READ_THROUGH = 64 << 10;

/** A stored object as a plan pins it. */
export interface PinnedObject {
  readonly key: string;
  readonly etag: string;
}

/** Bytes of an output in order: from the stored object, or given outright. */
export type Part = Span | Uint8Array;

/**
 * Yields the bytes of parts of one stored object, reading spans that lie close together in one go. Chunks are only
 * valid until the next one is asked for.
 * @throws BoxcarError as `store.get` does
 */
export async function* readParts(
  store: Pick<Store, "get">,
  object: PinnedObject,
  parts: readonly Part[],
): AsyncGenerator<Uint8Array> {
  let i = 0;
  while (i < parts.length) {
    const part = parts[i];
    if (part === undefined) return;
    if (part instanceof Uint8Array) {
      if (part.length > 0) yield part;
      i++;
      continue;
    }
    const end = endOfGroup(parts, i);
    yield* readGroup(store, object, parts.slice(i, end));
    i = end;
  }
}

// Parts from `first` on that one read serves: spans go forward without large holes, inline bytes come in between.
function endOfGroup(parts: readonly Part[], first: number): number {
  let position: number | undefined;
  let end = first;
  for (let i = first; i < parts.length; i++) {
    const part = parts[i];
    if (part === undefined) break;
    if (part instanceof Uint8Array) continue;
    if (position !== undefined && (part.offset < position || part.offset - position > READ_THROUGH)) break;
    position = part.offset + part.length;
    end = i + 1;
  }
  return end;
}

async function* readGroup(
  store: Pick<Store, "get">,
  object: PinnedObject,
  parts: readonly Part[],
): AsyncGenerator<Uint8Array> {
  const whole = spanOf(parts);
  let position = whole.offset;
  let i = 0;
  // Inline bytes can only stand between spans here: a group begins and ends with one.
  for await (const chunk of store.get(object.key, whole, object.etag)) {
    let used = 0;
    while (used < chunk.length) {
      const part = parts[i];
      if (part === undefined) break;
      if (part instanceof Uint8Array) {
        if (part.length > 0) yield part;
        i++;
        continue;
      }
      used = Math.max(used, Math.min(chunk.length, part.offset - position));
      const until = Math.min(chunk.length, part.offset + part.length - position);
      if (until > used) yield chunk.subarray(used, until);
      used = Math.max(used, until);
      if (part.offset + part.length <= position + used) i++;
      else break;
    }
    position += chunk.length;
  }
}

function spanOf(parts: readonly Part[]): ByteSpan {
  let offset = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array) continue;
    offset = Math.min(offset, part.offset);
    end = Math.max(end, part.offset + part.length);
  }
  return { offset, length: end - offset };
}

/**
 * The part of `parts` that lies within `span` of their joined bytes.
 * @param inline the bytes that INLINE spans stand for
 */
export function cutParts(parts: Iterable<Part>, span: ByteSpan, inline: Uint8Array = new Uint8Array(0)): Part[] {
  const end = span.offset + span.length;
  const cut: Part[] = [];
  let position = 0;
  for (const given of parts) {
    const part = given instanceof Uint8Array || given.offset !== INLINE ? given : inline;
    const from = Math.max(0, span.offset - position);
    const to = Math.min(part.length, end - position);
    position += part.length;
    if (to > from)
      cut.push(
        part instanceof Uint8Array ? part.subarray(from, to) : { offset: part.offset + from, length: to - from },
      );
    if (position >= end) break;
  }
  return cut;
}
