/** Percent-encodes all but unreserved characters (RFC 3986 section 2.3), as signatures of V4 want it. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Percent-encodes a key, whose slashes stay. */
export function encodeKey(key: string): string {
  return encodeUri(key).replaceAll("%2F", "/");
}

/** The URL of an object. @param base of its bucket, without a slash at the end */
export function objectUrl(base: string, key: string, query: Readonly<Record<string, string>>): string {
  const search = encodeQuery(query);
  return `${base}/${encodeKey(key)}${search === "" ? "" : `?${search}`}`;
}

/** A query in the order of its names; a name without a value stands alone. */
export function encodeQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]): [string, string] => [encodeUri(name), encodeUri(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`))
    .join("&");
}
