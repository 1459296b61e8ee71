/** Whether the bytes from `pointer` to `end` begin with a text of ASCII. */
export function startsWith(pointer: usize, end: usize, text: string): bool {
  return end - pointer >= <usize>text.length && isText(pointer, text);
}

/** Whether they end with it. */
export function endsWith(pointer: usize, end: usize, text: string): bool {
  return end - pointer >= <usize>text.length && isText(end - text.length, text);
}

function isText(pointer: usize, text: string): bool {
  for (let i = 0; i < text.length; i++) if (load<u8>(pointer + i) != <u8>text.charCodeAt(i)) return false;
  return true;
}
