import { expect, test } from "vitest";
import { u32 } from "./boxes.ts";
import { parseDump, sampleHash, withStartCodes } from "./dump.ts";

test("a dump lists its tracks and samples", () => {
  const text = [
    "seekMap:",
    "  isSeekable = true",
    "numberOfTracks = 1",
    "track 3:",
    "  sample count = 2",
    "  format 0:",
    "    id = 1",
    "    sampleMimeType = video/avc",
    "  sample 0:",
    "    time = 0",
    "    flags = 1",
    "    data = length 267, hash 256F07",
    "  sample 1:",
    "    time = -4000",
    "    flags = 536870912",
    "    data = length 0, hash 1",
    "tracksEnded = true",
  ].join("\n");
  expect(parseDump(text)).toEqual([
    {
      id: "1",
      mimeType: "video/avc",
      samples: [
        { size: 267, sync: true, timeUs: 0, hash: 0x256f07 },
        { size: 0, sync: false, timeUs: -4000, hash: 1 },
      ],
    },
  ]);
});

test("the hash is h = 31h + byte, bytes signed", () => {
  expect(sampleHash(new Uint8Array())).toBe(1);
  expect(sampleHash(Uint8Array.of(0xff))).toBe(30);
  expect(sampleHash(Uint8Array.of(1, 2))).toBe((31 + 1) * 31 + 2);
});

test("NAL unit lengths become start codes", () => {
  const sample = Uint8Array.of(...u32(2), 0x65, 9, ...u32(1), 0x41);
  expect([...withStartCodes(sample)]).toEqual([0, 0, 0, 1, 0x65, 9, 0, 0, 0, 1, 0x41]);
});
