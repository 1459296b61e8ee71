/** Where the i-th of the words of 32 bits at `words` is: numbers, or addresses. */
export function word(words: usize, i: u32): usize {
  return words + ((<usize>i) << 2);
}
