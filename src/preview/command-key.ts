/**
 * The key of an event where it may be a command: letters are small, whatever Shift and Caps Lock say. Undefined for what is
 * typed into a field, presses a button, or belongs to the browser.
 */
export function commandKey(event: KeyboardEvent): string | undefined {
  const { tagName } = event.composedPath()[0] as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(tagName)) return undefined;
  if (event.key === " " && tagName === "BUTTON") return undefined;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}
