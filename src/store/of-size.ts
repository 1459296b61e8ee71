import { sizeMismatch } from "./object-errors.ts";

/**
 * The same chunks, held against the size that was announced; a body without one passes as it is.
 * @throws BoxcarError `size_mismatch` (400) before the first byte too many is passed on, or at an early end
 */
export async function* ofSize(
  key: string,
  body: AsyncIterable<Uint8Array>,
  size: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let found = 0;
  for await (const chunk of body) {
    found += chunk.length;
    if (size !== undefined && found > size) throw sizeMismatch(key, size, found);
    yield chunk;
  }
  if (size !== undefined && found !== size) throw sizeMismatch(key, size, found);
}
