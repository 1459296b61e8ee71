/** The targets of the player and the page; see `targets.ts`. */
import type { Target } from "./target.ts";

const MOST = { kind: "value", bound: "most" } as const;
const RATIO = { kind: "ratio", bound: "most" } as const;

const seeksAreDecoded =
  "A picture in the middle of its group of two seconds is shown once all before it are decoded, without the help of a graphics card here: the greater part of a seek, and the same for Chromium's own `<video>`. The rest is fetching and appending a media segment of six seconds.";
const filesArePlanned =
  "Index and media segments of the whole file are made before its first picture: what mediabunny reads of its tables, it reads as it goes on.";

/** In the order of the report. */
export const PREVIEW_TARGETS: readonly Target[] = [
  ...(["hour", "day"] as const).flatMap((name): Target[] => [
    {
      ...MOST,
      id: `preview-${name}`,
      title: `Player: first picture of ${name === "hour" ? "an hour" : "a day"} of a server`,
      measured: `preview.${name}.first.boxcar.ms`,
      unit: "ms",
      limit: name === "hour" ? 200 : 300,
    },
    {
      ...MOST,
      id: `preview-${name}-heap`,
      title: "The same, heap of the page",
      measured: `preview.${name}.heap.boxcar.bytes`,
      unit: "MB",
      limit: 50,
    },
    {
      ...MOST,
      id: `preview-${name}-seek`,
      title: "The same, seeks to any picture, p95",
      measured: `preview.${name}.seekP95.ms`,
      unit: "ms",
      limit: 60,
      because: seeksAreDecoded,
    },
    {
      ...RATIO,
      id: `preview-${name}-seek-video`,
      title: "The same, seeks to any picture, p95",
      measured: `preview.${name}.seekP95.ms`,
      peer: { name: "Chromium's own `<video>` of the range as `.mp4`", measured: `preview.${name}.seekP95.video.ms` },
      unit: "ms",
      limit: 1.2,
      because: seeksAreDecoded,
    },
  ]),
  {
    ...MOST,
    id: "preview-read",
    title: "Player: read of a server while a minute is played, above 1.2 times the minute",
    measured: "preview.hour.readBeyond.bytes",
    unit: "MB",
    limit: 2,
  },
  ...(["url", "files", "segments"] as const).flatMap((name): Target[] => {
    const title = {
      url: "Player: first picture of a file of 130 MB by its URL",
      files: "Player: first picture of 60 files of the viewer",
      segments: "Player: first picture of 60 URLs at 30 ms a request",
    }[name];
    const common = { unit: "ms", measured: `preview.${name}.first.boxcar.ms` } as const;
    return [
      {
        ...{ ...MOST, ...common, id: `preview-${name}`, title },
        limit: { url: 250, files: 110, segments: 400 }[name],
        because: filesArePlanned,
      },
      ...(["mp4box", "mediabunny"] as const).map((peer): Target => ({
        ...{ ...RATIO, ...common, id: `preview-${name}-${peer}`, title, limit: 0.5, because: filesArePlanned },
        peer: {
          name: peer === "mp4box" ? "mp4box.js and MSE" : "mediabunny and canvas",
          measured: `preview.${name}.first.${peer}.ms`,
        },
      })),
    ];
  }),
  ...(["url", "segments"] as const).map((name): Target => ({
    ...MOST,
    id: `preview-${name}-seek`,
    title: name === "url" ? "Player: seeks in a file of 130 MB, p95" : "Player: seeks in 60 files by URLs, p95",
    measured: `preview.${name}.seekP95.ms`,
    unit: "ms",
    limit: 80,
  })),
  {
    ...MOST,
    id: "page-size",
    title: "Page: all of it, gzip",
    measured: "preview.page.gzip.bytes",
    unit: "kB",
    limit: 200,
  },
  {
    ...MOST,
    id: "page-paint",
    title: "Page: first contentful paint",
    measured: "preview.page.paint.ms",
    unit: "ms",
    limit: 300,
  },
  {
    ...MOST,
    id: "page-timeline",
    title: "Page: from frame to frame while a timeline of 259,200 segments is dragged, p95",
    measured: "preview.timeline.frameP95.ms",
    unit: "ms",
    limit: 17,
  },
];
