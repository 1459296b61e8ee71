import type { ByteSpan } from "../../base/ports.ts";

/**
 * What a `Range` field asks of a representation (RFC 9110 section 14.2): everything (no range, or one that must be
 * ignored), some spans of it, or nothing that is there (416).
 */
export type RangeChoice = "whole" | "unsatisfiable" | readonly ByteSpan[];

/** A `Range` with more parts than this is ignored, as section 14.2 allows against abuse. */
export const maxRanges = 16;

/**
 * Reads a `Range` field for a representation of `size` bytes. Another unit than `bytes`, or a syntax error, makes the
 * field ignored. Ranges that overlap or touch are joined, and then all stand in ascending order.
 */
export function chooseRange(field: string | undefined, size: number): RangeChoice {
  const set = /^bytes=(.*)$/i.exec(field ?? "")?.[1];
  if (set === undefined) return "whole";
  // Empty list elements are skipped (section 5.6.1.2).
  const specs = set.split(",").map((spec) => spec.trim());
  const given = specs.filter((spec) => spec !== "");
  if (given.length === 0 || specs.length > 2 * maxRanges) return "whole";
  const spans: ByteSpan[] = [];
  for (const spec of given) {
    const [, first, last] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
    if (first === undefined || last === undefined || (first === "" && last === "")) return "whole";
    if (first !== "" && last !== "" && Number(last) < Number(first)) return "whole";
    const offset = first === "" ? Math.max(0, size - Number(last)) : Number(first);
    const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
    if (offset < end) spans.push({ offset, length: end - offset });
  }
  if (given.length > maxRanges) return "whole";
  return spans.length === 0 ? "unsatisfiable" : coalesce(spans);
}

function coalesce(spans: readonly ByteSpan[]): readonly ByteSpan[] {
  const joined: ByteSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.offset - b.offset)) {
    const before = joined.at(-1);
    if (before === undefined || before.offset + before.length < span.offset) joined.push(span);
    else {
      const end = Math.max(before.offset + before.length, span.offset + span.length);
      joined[joined.length - 1] = { offset: before.offset, length: end - before.offset };
    }
  }
  return joined.length === spans.length ? spans : joined;
}

/** `Content-Range` of one span (RFC 9110 section 14.4). */
export function contentRange(span: ByteSpan, size: number): string {
  return `bytes ${String(span.offset)}-${String(span.offset + span.length - 1)}/${String(size)}`;
}
