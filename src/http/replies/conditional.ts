/** The request fields that make an answer conditional (RFC 9110 section 13). */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifRange?: string | undefined;
}

/**
 * Evaluates the preconditions in the order of RFC 9110 section 13.2.2. There is no `Last-Modified`, so the date
 * fields never apply.
 * @param etag strong entity tag of the current representation, without quotes
 */
export function evaluateConditions(conditions: Conditions, etag: string): "proceed" | 304 | 412 {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined && !lists(ifMatch, (tag) => tag === `"${etag}"`)) return 412;
  // If-None-Match compares weakly: a weak tag of the same value matches.
  if (ifNoneMatch !== undefined && lists(ifNoneMatch, (tag) => tag.replace(/^W\//, "") === `"${etag}"`)) return 304;
  return "proceed";
}

/**
 * Whether `Range` is to be honoured: no `If-Range`, or one that names the current strong tag. A weak tag or a date
 * never matches (section 13.1.5).
 */
export function rangeApplies(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange.trim() === `"${etag}"`;
}

function lists(field: string, matches: (tag: string) => boolean): boolean {
  return field.trim() === "*" || (field.match(/(?:W\/)?"[^"]*"/g) ?? []).some(matches);
}
