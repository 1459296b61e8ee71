import { describe, expect, it } from "vitest";
import { statusOf } from "../src/base/error-codes.ts";
import { BoxcarError } from "../src/base/errors.ts";
import { formatTime, parseDuration, parseTime } from "../src/base/time.ts";
import { parseTimeRange } from "../src/base/time-range.ts";
import { checkTimeZone, localInstants, localToInstant } from "../src/base/time-zone.ts";

const now = Date.parse("2026-01-31T20:30:00Z");
const parse = (text: string, zone = "UTC"): string => formatTime(parseTime(text, { zone, dayOf: now }));
const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof BoxcarError) return `${String(statusOf(error))} ${error.code}`;
    throw error;
  }
  return "accepted";
};

describe("parseTime", () => {
  it.each([
    ["2026-01-31T12:00:00Z", "UTC", "2026-01-31T12:00:00.000Z"],
    ["2026-01-31t12:00:00.5z", "UTC", "2026-01-31T12:00:00.500Z"],
    ["2026-01-31T12:00:00.123999+08:00", "UTC", "2026-01-31T04:00:00.123Z"],
    ["2026-01-31T12:00:00 08:00", "UTC", "2026-01-31T04:00:00.000Z"],
    ["2026-01-31T12:00:00-03:30", "UTC", "2026-01-31T15:30:00.000Z"],
    ["2026-01-31T12:00:00", "Asia/Shanghai", "2026-01-31T04:00:00.000Z"],
    ["12:00:00", "UTC", "2026-01-31T12:00:00.000Z"],
    ["12:00:00", "Asia/Shanghai", "2026-02-01T04:00:00.000Z"], // there it is already 1 February
    ["2024-02-29T00:00:00Z", "UTC", "2024-02-29T00:00:00.000Z"],
    ["0", "UTC", "1970-01-01T00:00:00.000Z"],
    ["1769860800", "UTC", "2026-01-31T12:00:00.000Z"],
    ["1769860800250", "UTC", "2026-01-31T12:00:00.250Z"],
    ["99999999999", "UTC", "5138-11-16T09:46:39.000Z"],
    ["100000000000", "UTC", "1973-03-03T09:46:40.000Z"],
  ])("reads %s in %s as %s", (text, zone, expected) => {
    expect(parse(text, zone)).toBe(expected);
  });

  it.each([
    "yesterday",
    "",
    " ",
    "-5",
    "1e9",
    "12.5",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T23:59:60Z",
    "2026-01-31",
    "2026-01-31T12:00",
    "2026-01-31T12:00:00.Z",
    "2026-01-31T12:00:00+24:00",
    "2026-01-31T12:00:00Zx",
    "99999999999999999999",
    "٢٠٢٦-01-31T12:00:00Z",
  ])("refuses %j", (text) => {
    expect(refusal(() => parse(text))).toBe("400 bad_time");
  });
});

describe("local time at clock changes", () => {
  const local = (text: string, zone: string): string => formatTime(localToInstant(Date.parse(`${text}Z`), zone));
  it.each([
    ["2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:30:00.000Z"], // skipped: read as 03:30 summer time
    ["2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00.000Z"], // twice: the earlier, summer time
    ["2026-03-29T03:00:00", "Europe/Berlin", "2026-03-29T01:00:00.000Z"],
    ["2026-11-01T01:30:00", "America/New_York", "2026-11-01T05:30:00.000Z"],
    ["2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:45:00.000Z"], // a change of half an hour
    ["2026-06-01T12:00:00", "Asia/Kathmandu", "2026-06-01T06:15:00.000Z"],
  ])("%s in %s is %s", (text, zone, expected) => {
    expect(local(text, zone)).toBe(expected);
  });

  it("comes back to the same local time outside of changes", () => {
    let seed = 20260131;
    const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    for (let i = 0; i < 200; i++) {
      const ms = Math.floor(random() * 4e12);
      const clock = new Intl.DateTimeFormat("sv-SE", {
        timeZone: "Europe/Berlin",
        dateStyle: "short",
        timeStyle: "medium",
      });
      const text = clock.format(ms).replace(" ", "T");
      const back = localToInstant(Date.parse(`${text}Z`), "Europe/Berlin");
      expect(clock.format(back).replace(" ", "T"), `seed 20260131, ${String(ms)}`).toBe(text);
    }
  });
});

describe("parseTimeRange", () => {
  const range = (query: Parameters<typeof parseTimeRange>[0]): (string | undefined)[] => {
    const found = parseTimeRange(query, "UTC", now);
    return [found?.startMs, found?.endMs].map((ms) => (ms === undefined ? undefined : formatTime(ms)));
  };
  it("takes a time-only end of a range on the start's date, in the zone asked for", () => {
    expect(range({ range: "2025-06-01T10:00:00~10:05:00" })).toEqual([
      "2025-06-01T10:00:00.000Z",
      "2025-06-01T10:05:00.000Z",
    ]);
    expect(range({ range: "2025-06-01T01:00:00~02:00:00", tz: "Asia/Shanghai" })).toEqual([
      "2025-05-31T17:00:00.000Z",
      "2025-05-31T18:00:00.000Z",
    ]);
  });
  it("takes start with end, with duration, or alone", () => {
    expect(range({ start: "1000", end: "1001" })).toEqual(["1970-01-01T00:16:40.000Z", "1970-01-01T00:16:41.000Z"]);
    expect(range({ start: "1000", duration: "1m" })).toEqual(["1970-01-01T00:16:40.000Z", "1970-01-01T00:17:40.000Z"]);
    expect(range({ start: "1000" })).toEqual(["1970-01-01T00:16:40.000Z", undefined]);
    expect(range({ range: "1000~" })).toEqual(["1970-01-01T00:16:40.000Z", undefined]);
    expect(range({ end: "1000" })).toEqual([undefined, "1970-01-01T00:16:40.000Z"]);
    expect(parseTimeRange({}, "UTC", now)).toBeUndefined();
  });
  it("takes digits with a dash between, and empty parameters as absent", () => {
    const both = ["2026-01-31T10:00:00.000Z", "2026-01-31T10:00:25.000Z"];
    expect(range({ range: "1769853600-1769853625" })).toEqual(both);
    expect(range({ range: "1769853600000-1769853625000" })).toEqual(both);
    expect(range({ range: "", start: "1769853600", end: "1769853625", duration: "", tz: "" })).toEqual(both);
    expect(parseTimeRange({ range: "", start: "", end: "" }, "UTC", now)).toBeUndefined();
  });
  it.each([
    [{ start: "1001", end: "1001" }, "400 bad_range"],
    [{ start: "1001", end: "1000" }, "400 bad_range"],
    [{ start: "1", end: "2", duration: "1" }, "400 bad_range"],
    [{ range: "1~2", start: "1" }, "400 bad_range"],
    [{ range: "1" }, "400 bad_range"],
    [{ range: "1~2~3" }, "400 bad_range"],
    [{ range: "~2" }, "400 bad_time"],
    [{ duration: "2" }, "400 missing_start"],
    [{ start: "1", tz: "Mars/Olympus" }, "400 bad_time_zone"],
  ])("refuses %j with %s", (query, expected) => {
    expect(refusal(() => range(query))).toBe(expected);
  });
});

describe("parseDuration", () => {
  it.each([
    ["90", 90_000],
    ["2.5", 2500],
    ["500ms", 500],
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["2h", 7_200_000],
    ["1h2m3.5s", 3_723_500],
  ])("reads %s as %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
  it.each(["", "0", "0s", "-1", "s", "1d", "1s1m", "NaN", "1 s"])("refuses %j", (text) => {
    expect(refusal(() => parseDuration(text))).toBe("400 bad_duration");
  });
});

it.each(["Asia/Shanghai", "UTC", "utc", "CET", "Japan", "PRC", "EST5EDT", "Etc/GMT+8", "+08:00", "-0330", "+14:00"])(
  "takes the time zone %s",
  (zone) => {
    expect(checkTimeZone(zone)).toBe(zone);
  },
);

it.each([
  "CST",
  "cst",
  "Cst",
  "IST",
  "BST",
  "SST",
  "EST",
  "PST",
  "AEST",
  "Mars/Base",
  "",
  "+8",
  "+15:00",
  "08:00",
  "UTC+8",
])("refuses the time zone %j", (zone) => {
  expect(refusal(() => checkTimeZone(zone))).toBe("400 bad_time_zone");
});

it("reads local times by an offset", () => {
  expect(parse("2026-01-31T12:00:00", "+08:00")).toBe("2026-01-31T04:00:00.000Z");
  expect(parse("2026-01-31T12:00:00", " 08:00")).toBe("2026-01-31T04:00:00.000Z"); // a plus left unescaped in a query
  expect(parse("12:00:00", "-03:30")).toBe("2026-01-31T15:30:00.000Z");
});

it("knows local times that clocks show twice", () => {
  const instants = (local: string, zone: string): string[] =>
    localInstants(Date.parse(`${local}Z`), zone).map((ms) => formatTime(ms ?? Number.NaN));
  expect(instants("2025-10-26T02:30:00", "Europe/Berlin")).toEqual([
    "2025-10-26T00:30:00.000Z",
    "2025-10-26T01:30:00.000Z",
  ]);
  expect(instants("2025-10-26T03:00:00", "Europe/Berlin")).toEqual(["2025-10-26T02:00:00.000Z"]);
  expect(instants("2025-03-30T02:30:00", "Europe/Berlin")).toEqual(["2025-03-30T01:30:00.000Z"]); // never shown
  expect(instants("2026-04-05T01:45:00", "Australia/Lord_Howe")).toEqual([
    "2026-04-04T14:45:00.000Z",
    "2026-04-04T15:15:00.000Z",
  ]);
});
