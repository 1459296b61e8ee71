import { checkStreamPath } from "./stream-path.ts";

/** What a caller may be allowed to do. `admin` includes all the others. */
export const scopes = ["read", "upload", "record", "delete", "admin"] as const;

export type Scope = (typeof scopes)[number];

/** Permission for one scope. */
export interface Grant {
  readonly scope: Scope;
  /** Stream paths it covers; `*` stands for any run of characters, slashes included. `*` alone also covers calls about no stream. */
  readonly pattern: string;
}

/** The pattern of a grant that is not narrowed to certain streams. */
export const anyStream = "*";

/** May do everything. */
export const everything: readonly Grant[] = [{ scope: "admin", pattern: anyStream }];

/**
 * Reads a grant as it is written: `read`, or narrowed to streams, `upload:live/*`.
 * @returns undefined when it is not written so, or names no scope of boxcar
 */
export function parseGrant(text: string): Grant | undefined {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const pattern = colon < 0 ? anyStream : text.slice(colon + 1);
  const scope = scopes.find((known) => known === name);
  return scope === undefined || !isPattern(pattern) ? undefined : { scope, pattern };
}

function isPattern(text: string): boolean {
  try {
    return checkStreamPath(text, true) === text;
  } catch {
    return false;
  }
}

/**
 * Whether one of the grants covers the scope for a stream.
 * @param streamPath a checked stream path; undefined for a call about no stream, which a narrowed grant never covers
 */
export function allows(grants: readonly Grant[], scope: Scope, streamPath: string | undefined): boolean {
  return patternsOf(grants, scope).some((pattern) =>
    streamPath === undefined ? pattern === anyStream : matches(pattern, streamPath),
  );
}

/** The patterns of streams for which the grants cover a scope. */
export function patternsOf(grants: readonly Grant[], scope: Scope): string[] {
  return grants.filter((grant) => grant.scope === scope || grant.scope === "admin").map(({ pattern }) => pattern);
}

/**
 * Whether a stream path matches a pattern, code unit by code unit: other letter case or another Unicode normal form is
 * another stream. Takes at most pattern × path steps.
 */
export function matches(pattern: string, streamPath: string): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let starAt = 0;
  while (at < streamPath.length) {
    if (pattern[p] === "*") {
      star = p++;
      starAt = at;
    } else if (p < pattern.length && pattern[p] === streamPath[at]) {
      p++;
      at++;
    } else if (star >= 0) {
      // The last star takes one character more.
      p = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
