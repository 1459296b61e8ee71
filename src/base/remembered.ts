/** Answers that are kept. */
const KEPT = 64;

/** Remembers the answers of a function without side effects: lists ask it the same for thousands of rows. */
export function remembered<Key extends string | number, Answer extends object | string>(
  answer: (key: Key) => Answer,
): (key: Key) => Answer {
  const known = new Map<Key, Answer>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) {
      if (known.size === KEPT) known.clear();
      known.set(key, (found = answer(key)));
    }
    return found;
  };
}
