import { expect, it } from "vitest";
import { ParameterWatch } from "../../src/runtime/ffmpeg/parameter-watch.ts";

const HEAD = ["#extradata 0,                              38, e0ec0afa", "#media_type 0: video"];
const packet = (beside: string): string => `0,       3021,       3021,       40,    16447, f39d665e${beside}`;

it.each([
  ["none", "", false],
  ["those at hand once more", ", S=1,       38, e0ec0afa", false],
  ["others", ", S=1,       40, 23c40d58", true],
  ["others of the same length", ", S=1,       38, 23c40d58", true],
  ["others behind something short", ", S=2,        1, 00010001,       38, 23c40d58", true],
  ["something short alone", ", S=1,        1, 00010001", false],
])("tells of parameters beside a packet: %s", (_, beside, isChange) => {
  const watch = new ParameterWatch();
  expect([...HEAD, packet(""), packet(beside)].map((line) => watch.isChange(line))).toEqual([
    false,
    false,
    false,
    isChange,
  ]);
});

it("looks at pictures alone, whose parameters are known", () => {
  const [known = "", video = ""] = HEAD;
  const sound = new ParameterWatch();
  for (const line of [known, video.replace("video", "audio")]) sound.isChange(line);
  expect(sound.isChange(packet(", S=1, 40, 23c40d58"))).toBe(false);
  const unknown = new ParameterWatch();
  unknown.isChange(video);
  expect(unknown.isChange(packet(", S=1, 40, 23c40d58"))).toBe(false);
});
