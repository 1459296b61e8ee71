import { isSummary, warningsOf } from "../../core/index.ts";
import type { ListedSegment } from "../../catalog/types.ts";
import type { Ingested } from "../../intake/segments/segment-upload.ts";
import type { Interval } from "../../base/interval.ts";
import { remembered } from "../../base/remembered.ts";
import { downloadPath } from "../../base/stream-path.ts";
import { formatTime } from "../../base/time.ts";
import * as z from "../schema/zod.ts";

/** The JSON that the API answers with. */

const time = z.iso.datetime().openapi({ example: "2026-01-31T12:00:00.000Z" });

/** One segment, as every reply shows it. */
export const segmentRecord = z
  .object({
    id: z.int(),
    streamPath: z.string().openapi({ example: "live/cam1" }),
    startTime: time,
    endTime: time.openapi({ description: "Exclusive." }),
    durationMs: z.int(),
    size: z.int().openapi({ description: "Bytes." }),
    type: z.enum(["mp4", "fmp4"]),
    codecs: z.string().openapi({ description: "RFC 6381.", example: "avc1.64001f,mp4a.40.2" }),
    eventLevel: z.enum(["high", "low"]).nullable(),
    url: z.string().openapi({ description: "Where the segment is downloaded as it is stored." }),
    warnings: z.array(z.string()).optional().openapi({
      description:
        "What was repaired or is doubtful, and what of it cannot be shown. Absent when there is nothing to say.",
    }),
    filePath: z.string().openapi({ description: "Key in the store.", example: "segments/live/cam1/….mp4" }),
    filename: z.string().openapi({ description: "Last part of the key." }),
    duration: z.int().openapi({ description: "Milliseconds, as `durationMs`." }),
    videoCodec: z.string().openapi({ description: "Empty without video.", example: "h264" }),
    audioCodec: z.string().openapi({ description: "Empty without sound.", example: "aac" }),
    createdAt: time.openapi({ description: "When the segment was taken in." }),
    recording: z
      .literal(true)
      .optional()
      .openapi({ description: "It is being recorded: this is what there is of it." }),
  })
  .openapi("Segment");

/** The record of a segment. */
export function recordOf(segment: ListedSegment): z.infer<typeof segmentRecord> {
  const { id, streamPath, startMs, endMs, size, format, codecs, eventLevel, summary, key } = segment;
  const warnings = summary !== undefined && isSummary(summary) ? warningsOf(summary) : [];
  const { videoCodec, audioCodec } = namesOf(codecs);
  return {
    id,
    streamPath,
    startTime: formatTime(startMs),
    endTime: formatTime(endMs),
    durationMs: endMs - startMs,
    size,
    type: format,
    codecs,
    eventLevel,
    url: `${downloadPath(streamPath, format)}?id=${String(id)}`,
    ...(warnings.length > 0 && { warnings: [...warnings] }),
    filePath: key,
    filename: key.slice(key.lastIndexOf("/") + 1),
    duration: endMs - startMs,
    videoCodec,
    audioCodec,
    createdAt: formatTime(segment.createdMs),
    ...(segment.growing === true && { recording: true as const }),
  };
}

/** A segment that was just taken in. */
export const takenSegment = segmentRecord.extend({
  startSource: z
    .enum(["request", "name", "quicktime", "mediamtx", "mvhd", "mvhd_end", "mvhd_local"])
    .optional()
    .openapi({
      description:
        "Where the start was taken from: the request, or what the file states: `com.apple.quicktime.creationdate`, " +
        "MediaMTX's `mtxi`, or the creation time of `mvhd` (on Android the end, on a GoPro local time). Absent when the " +
        "segment was there already.",
    }),
  warnings: z.array(z.string()),
});

/** The record of a segment that was just taken in. */
export function takenOf({ segment, startSource, warnings }: Ingested): z.infer<typeof takenSegment> {
  return { ...recordOf(segment), startSource, warnings: [...warnings] };
}

/** Short names of codecs by how their RFC 6381 names begin. */
const videoNames = Object.entries({
  ...{ avc: "h264", hvc: "h265", hev: "h265", av01: "av1", vp08: "vp8", vp09: "vp9", mp4v: "mpeg4" },
});
const audioNames = Object.entries({
  ...{ "mp4a.40": "aac", "mp4a.6": "mp3", Opus: "opus", opus: "opus", fLaC: "flac", "ac-3": "ac3", "ec-3": "eac3" },
  ...{ alaw: "pcma", ulaw: "pcmu", sowt: "pcm", twos: "pcm", ipcm: "pcm", fpcm: "pcm" },
});

const namesOf = remembered((codecs: string) => ({
  videoCodec: firstName(codecs, videoNames),
  audioCodec: firstName(codecs, audioNames),
}));

function firstName(codecs: string, names: readonly (readonly [begins: string, name: string])[]): string {
  for (const codec of codecs.split(",")) for (const [begins, name] of names) if (codec.startsWith(begins)) return name;
  return "";
}

/** A stretch of wall-clock time in a reply. */
export const interval = z.object({ startTime: time, endTime: time.openapi({ description: "Exclusive." }) });

/** An interval as a reply shows it. */
export function intervalOf({ startMs, endMs }: Interval): z.infer<typeof interval> {
  return { startTime: formatTime(startMs), endTime: formatTime(endMs) };
}

const head = { code: z.literal(0), message: z.string() };

/** Schema of a successful reply. */
export function success<Data extends z.ZodType>(data: Data): z.ZodObject<typeof head & { data: Data }> {
  return z.object({ ...head, data });
}

/** The fields of a successful reply before its data. */
export const doneHead: { code: 0; message: string } = { code: 0, message: "" };

/** A successful reply. */
export function done<Data>(data: Data): { code: 0; message: string; data: Data } {
  return { ...doneHead, data };
}

/** Which page of a list a reply has. */
const page = { total: z.int(), pageNum: z.int(), pageSize: z.int() };
type Page = z.infer<z.ZodObject<typeof page>>;

/** Schema of a successful reply with one page of a list. */
export function pageOf<Row extends z.ZodType>(row: Row) {
  return success(z.array(row)).extend(page);
}

/** The fields of such a reply before its rows. */
export function pageHead(page: Page): { code: 0; message: string } & Page {
  return { ...doneHead, ...page };
}

/** Schema of a refusal. `error` is stable; `message` says what to do; further fields belong to the error. */
const refusal = z
  .looseObject({
    code: z.int().openapi({ description: "The HTTP status.", example: 404 }),
    error: z.string().openapi({ example: "not_recorded" }),
    message: z.string(),
  })
  .openapi("Refusal");

/** A response whose body is JSON, in a route description. */
export interface JsonContent<Schema extends z.ZodType> {
  description: string;
  content: { "application/json": { schema: Schema } };
}

/** A JSON response in a route description. */
export function json<Schema extends z.ZodType>(description: string, schema: Schema): JsonContent<Schema> {
  return { description, content: { "application/json": { schema } } };
}

/** The refusals of a route in its description. */
export const refused = { default: json("Refused: the reply says why and what to do.", refusal) };
