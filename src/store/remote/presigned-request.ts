/** What requests have that are signed for others. */
import type { RestDialect } from "./rest-objects.ts";

/** Header fields of one that writes an object of a size, in bytes, where no object has its key. */
export function putFields(
  { createOnly }: RestDialect,
  { size, contentType }: { readonly size: number; readonly contentType?: string },
): Readonly<Record<string, string>> {
  const type = contentType === undefined ? {} : { "content-type": contentType };
  return { "content-length": String(size), ...createOnly, ...type };
}

/** Query of one that reads an object. @param contentType of the answer; absent: as it was written */
export function answeredAs(contentType: string | undefined): Readonly<Record<string, string>> {
  return contentType === undefined ? {} : { "response-content-type": contentType };
}
