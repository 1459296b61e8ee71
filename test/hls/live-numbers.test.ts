import { expect, test } from "vitest";
import { LiveNumbers, type NumberedSegment } from "../../src/deliver/live-numbers.ts";

/** A stream's media segments: each seventh begins a stretch. */
const stream = (from: number, until: number): NumberedSegment[] =>
  Array.from({ length: until - from }, (_, i) => ({
    name: `1 ${String(from + i)}`,
    begins: (from + i) % 7 === 0,
    durationMs: 2000,
  }));

test("windows keep their numbers beside windows of a day, and these theirs", () => {
  const numbers = new LiveNumbers();
  const day = 43_200;
  const begun = 1_769_853_600;
  const ask = (window: string, length: number, newest: number): { sequence: number; discontinuity: number } =>
    numbers.of(window, stream(newest - length, newest), begun + newest);
  const first = { short: ask("short", 10, 50_000), day: ask("day", day, 50_000) };
  for (let i = 0; i < 20; i++) ask(`day ${String(i)}`, day - i, 50_000);
  // What has left the list since: one of each seven began a stretch.
  const later = { short: ask("short", 10, 50_007), day: ask("day", day, 50_063) };
  expect(later).toEqual({
    short: { sequence: first.short.sequence + 7, discontinuity: first.short.discontinuity + 1 },
    day: { sequence: first.day.sequence + 63, discontinuity: first.day.discontinuity + 9 },
  });
  // Another rendition is some media segments behind.
  expect(ask("short", 10, 50_004).sequence).toBe(first.short.sequence + 4);
});

test("what is listed after all else has gone goes on with the numbers, behind a discontinuity", () => {
  const numbers = new LiveNumbers();
  const before = numbers.of("window", stream(0, 10), 1_769_853_600);
  expect(numbers.of("window", stream(100, 101), 1_769_853_700)).toEqual({
    sequence: before.sequence + 10,
    discontinuity: before.discontinuity + 2,
  });
});
