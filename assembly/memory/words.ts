/** Where the i-th of the words of 32 bits at `words` is: numbers, or addresses. */
export function word(words: usize, i: u32): usize {
  return words + ((<usize>i) << 2);
}

/** The object whose address is the i-th of the words at `words`; null, of a type that may be, where that is 0. */
export function objectAt<T>(words: usize, i: u32): T {
  return changetype<T>(load<usize>(word(words, i)));
}

/** Makes the address of an object the i-th of the words at `words`. */
export function setObject<T>(words: usize, i: u32, object: T): void {
  store<usize>(word(words, i), changetype<usize>(object));
}
