/** Seconds with as many digits as are not 0, six at most: sums of thousands of them stay exact to a millisecond. */
export function seconds(ms: number): string {
  if (Number.isInteger(ms)) return String(ms / 1000);
  return String(Number((ms / 1000).toFixed(6)));
}
