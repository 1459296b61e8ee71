/** A list in its order, so many items at a time: the last batch may have fewer, none is empty. */
export function* batches<Item>(items: readonly Item[], size: number): Generator<Item[], void, undefined> {
  for (let first = 0; first < items.length; first += size) yield items.slice(first, first + size);
}
