import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { base64 } from "../../base/base64.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Turn } from "../../base/fair-queue.ts";
import { LARGEST_PICTURE, pictureSize } from "../../pictures/picture-size.ts";
import type { Still } from "../../pictures/pictures.ts";
import { shownAt, type ShownSegment } from "../../pictures/shown-at.ts";
import { recordedMoment } from "../../pictures/videos.ts";
import type { ByteSpan, PictureShape } from "../../base/ports.ts";
import { checkStreamPath, snapshotPath } from "../../base/stream-path.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { authorize, needSome, needsNone } from "../middleware/access.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import type { Upload } from "../../catalog/upload-rows.ts";
import { fileUrl, publicUrl } from "../files/stored-file.ts";
import { uploadAt } from "../files/upload-at.ts";
import { turnOf } from "../middleware/limits.ts";
import { smallBody } from "../schema/request-body.ts";
import { downloadedAt } from "../time-ranges/recording-moment.ts";
import { json } from "../replies/replies.ts";
import { uploadedVideo } from "../files/uploaded-picture.ts";
import * as z from "../schema/zod.ts";
import { chatOk, chatRefused, chatSuccess } from "../replies/envelope.ts";
import { keepPicture } from "./keep-picture.ts";
import { originsOf, videoSource } from "./video-source.ts";

/** A whole number, also as forms write it. */
const whole = (least: number, most: number): z.ZodType<number> => {
  const message = `expected a whole number from ${least} to ${most}`;
  const digits = z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number);
  return z.union([digits, z.int(message)], message).refine((value) => value >= least && value <= most, message);
};

const times = "Milliseconds from the start of the video; with streamPath, the wall-clock time.";

const body = z.object({
  videoUrl: z.string().min(1, "expected a URL").max(2048, "expected at most 2048 characters").optional().openapi({
    description: "An uploaded file, a download, or an MP4 on another host.",
    example: "/files/images/20260131/1769860800250_0123456789ab.mp4",
  }),
  streamPath: z.string().optional().openapi({ description: "A recording, instead of a URL.", example: "live/cam1" }),
  time: z
    .union([z.string().max(64), z.number()])
    .optional()
    .openapi({ description: times }),
  width: whole(0, LARGEST_PICTURE)
    .optional()
    .openapi({ type: "integer", description: "Pixels; the height follows. 0: as wide as the video." }),
  format: z.enum(["jpg", "jpeg", "png"], "expected jpg, jpeg or png").default("png"),
});
type Wanted = z.infer<typeof body>;

const route = createRoute({
  method: "post",
  path: "/api/chat/getVideoScreenshot",
  summary: "A picture of a video",
  description:
    "Of an uploaded file or a recording no more is read than the samples the picture is decoded from, and no network is " +
    "used. An MP4 of another host is read by ranges; its picture is kept in the store, which takes the scope `upload`.",
  middleware: [needSome("read"), smallBody] as const,
  request: {
    body: {
      required: false,
      content: {
        "application/json": { schema: body },
        "application/x-www-form-urlencoded": { schema: body },
        "multipart/form-data": { schema: body },
      },
    },
  },
  responses: {
    200: json(
      "The picture.",
      chatSuccess(
        z.object({
          base64: z.string().openapi({ description: "A data URL: `data:image/png;base64,…`." }),
          url: z.string().openapi({ description: "Where the picture is to be had." }),
          format: z.enum(["jpg", "jpeg", "png"]),
          time: z.number().openapi({ description: "As it was asked for, milliseconds." }),
          width: z.int().openapi({ description: "Pixels." }),
        }),
      ),
    ),
    ...chatRefused,
  },
});

/** `POST /api/chat/getVideoScreenshot`. */
export function addScreenshot(app: App, context: AppContext): void {
  app.openapi(route, async (c) => {
    const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(c.req.header("content-type") ?? "");
    const wanted: Partial<Wanted> = isJson ? c.req.valid("json") : c.req.valid("form");
    const { time = "", width = 0, format = "png" } = wanted;
    const shape = { width, height: 0, format: format === "png" ? "png" : "jpg", rotation: "auto" } as const;
    const { still, url, asked } = await take(c, context, { ...wanted, time }, shape);
    const { bytes } = still;
    const data = {
      base64: `data:image/${format};base64,${base64(bytes)}`,
      url,
      format,
      time: asked,
      width: pictureSize(bytes).width,
    };
    return c.json(chatOk(data), 200);
  });
}

interface Shot {
  readonly still: Still;
  /** Where it is to be had. */
  readonly url: string;
  /** The time that was asked for, milliseconds: wall clock, or from the start of the video. */
  readonly asked: number;
}

async function take(
  c: Context<AppEnv>,
  context: AppContext,
  { videoUrl, streamPath, time }: Partial<Wanted> & { readonly time: string | number },
  shape: PictureShape,
): Promise<Shot> {
  const { catalog, config, clock } = context;
  if ((videoUrl === undefined) === (streamPath === undefined)) {
    const message = "Say of which video: videoUrl, or streamPath for a recording, one of them.";
    throw new BoxcarError("bad_parameter", message, { parameters: ["videoUrl"] });
  }
  if (streamPath !== undefined) {
    checkStreamPath(streamPath);
    authorize(c, "read", streamPath);
    const asked = parseTime(String(time), { zone: config.timeZone, dayOf: clock() });
    const shown = await shownAt(catalog, streamPath, asked, config.gapToleranceMs);
    return { ...(await recordingShot(c, context, streamPath, shown, asked, shape)), asked };
  }
  const timeMs = millisecondsOf(time);
  const source = videoSource(videoUrl ?? "", originsOf(c, config), config.uploads.filesUrl);
  const shot = async (): Promise<Omit<Shot, "asked">> => {
    if (source.kind === "upload") return uploadShot(c, context, source, timeMs, shape);
    if (source.kind === "remote") return remoteShot(c, context, source.url, timeMs, shape);
    authorize(c, "read", source.streamPath);
    const shown = await downloadedAt(c, context, source.streamPath, source.query, timeMs);
    return recordingShot(c, context, source.streamPath, shown, shown.atMs, shape);
  };
  return { ...(await shot()), asked: Number(time) };
}

/** @param atMs wall clock, milliseconds, that the URL of the picture names */
async function recordingShot(
  c: Context<AppEnv>,
  { planning, pictures }: AppContext,
  streamPath: string,
  shown: ShownSegment,
  atMs: number,
  shape: PictureShape,
): Promise<Omit<Shot, "asked">> {
  const moment = await recordedMoment(planning, shown, c.req.raw.signal);
  const still = await pictures.still(moment, shape, "exact", turnOf(c));
  return { still, url: c.get("publicOrigin") + snapshotAt(streamPath, atMs, shape) };
}

async function uploadShot(
  c: Context<AppEnv>,
  context: AppContext,
  { area, key }: Pick<Upload, "area" | "key">,
  atMs: number,
  shape: PictureShape,
): Promise<Omit<Shot, "asked">> {
  const { config, pictures } = context;
  if (area === "store" && !config.uploads.publicFiles) authorize(c, "read", undefined);
  else needsNone(c);
  const upload = await uploadAt(context, area, key);
  const video = await uploadedVideo(context, upload);
  const still = await pictures.still({ video, atMs }, shape, "exact", turnOf(c));
  const origin = c.get("publicOrigin");
  const url = area === "store" ? fileUrl(context, upload.key, origin) : origin + publicUrl(upload);
  const process = `video/snapshot,t_${atMs},f_${shape.format},w_${shape.width},h_0,ar_auto`;
  return { still, url: `${url}?x-oss-process=${process}` };
}

async function remoteShot(
  c: Context<AppEnv>,
  context: AppContext,
  videoUrl: string,
  atMs: number,
  shape: PictureShape,
): Promise<Omit<Shot, "asked">> {
  authorize(c, "upload", undefined);
  const still = await remoteStill(context, videoUrl, atMs, shape, turnOf(c));
  const kept = await keepPicture(context, still);
  return { still, url: fileUrl(context, kept.key, c.get("publicOrigin")) };
}

/** @throws BoxcarError `busy` (429) when as many videos of other hosts wait as may */
async function remoteStill(
  { openRemote, remotes, videos, pictures }: AppContext,
  url: string,
  atMs: number,
  shape: PictureShape,
  turn: Turn,
): Promise<Still> {
  if (openRemote === undefined) {
    const message = "This server does not read videos of other hosts: its runtime cannot do it safely.";
    throw new BoxcarError("not_available", message);
  }
  const still = remotes.run(turn, async () => {
    const file = await openRemote(url);
    try {
      const ranged = { key: url, etag: "", size: file.size, read: (span: ByteSpan) => file.read(span) };
      const video = await videos.open(ranged, () => Promise.resolve(undefined));
      return await pictures.still({ video, atMs }, shape, "exact", turn);
    } finally {
      file.close();
    }
  });
  if (still !== undefined) return still;
  const message = `${String(remotes.waiting)} videos of other hosts wait to be read, as many as may. Ask again in a moment.`;
  throw new BoxcarError("busy", message, { retryAfterSeconds: 5 });
}

function millisecondsOf(time: string | number): number {
  const value = typeof time === "number" ? time : /^\d{1,15}(\.\d{1,15})?$/.test(time) ? Number(time) : Number.NaN;
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return Math.floor(value);
  const what = time === "" ? "time is missing;" : "time:";
  const message = `${what} expected milliseconds from the start of the video, a number from 0 on, 0 for the first picture.`;
  throw new BoxcarError("bad_time", message, { parameter: "time" });
}

function snapshotAt(streamPath: string, atMs: number, { width, format }: PictureShape): string {
  const wide = width === 0 ? "" : `&width=${width}`;
  return `${snapshotPath(streamPath, format)}?time=${formatTime(atMs)}${wide}`;
}
