import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { base64 } from "../../base/base64.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Turn } from "../../base/fair-queue.ts";
import { LARGEST_PICTURE, pictureSize } from "../../pictures/picture-size.ts";
import type { Still } from "../../pictures/pictures.ts";
import { shownAt } from "../../pictures/shown-at.ts";
import { recordedMoment } from "../../pictures/videos.ts";
import type { ByteSpan, PictureShape } from "../../base/ports.ts";
import { checkStreamPath, encodeStreamPath } from "../../base/stream-path.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { authorize, needSome, needsNone } from "../middleware/access.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { uploadAt } from "../files/upload-at.ts";
import { turnOf } from "../middleware/limits.ts";
import { smallBody } from "../schema/request-body.ts";
import { downloadedAt } from "../schema/recording-moment.ts";
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
    const { still, url, timeMs } = await take(c, context, { ...wanted, time }, shape);
    const { bytes } = still;
    const asked = wanted.streamPath === undefined ? Number(time) : timeMs;
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
  readonly url: string;
  readonly timeMs: number;
}

async function take(
  c: Context<AppEnv>,
  context: AppContext,
  { videoUrl, streamPath, time }: Partial<Wanted> & { readonly time: string | number },
  shape: PictureShape,
): Promise<Shot> {
  const { catalog, config, clock, planning, pictures } = context;
  const origin = c.get("publicOrigin");
  const seek = "exact" as const;
  const turn = turnOf(c);
  if ((videoUrl === undefined) === (streamPath === undefined)) {
    const message = "Say of which video: videoUrl, or streamPath for a recording, one of them.";
    throw new BoxcarError("bad_parameter", message, { parameters: ["videoUrl"] });
  }
  if (streamPath !== undefined) {
    checkStreamPath(streamPath);
    authorize(c, "read", streamPath);
    const timeMs = parseTime(String(time), { zone: config.timeZone, dayOf: clock() });
    const wanted = await shownAt(catalog, streamPath, timeMs, config.gapToleranceMs);
    const still = await pictures.still(await recordedMoment(planning, wanted, c.req.raw.signal), shape, seek, turn);
    return { still, url: origin + snapshotPath(streamPath, timeMs, shape), timeMs };
  }
  const timeMs = millisecondsOf(time);
  const source = videoSource(videoUrl ?? "", originsOf(c, config), config.uploads.filesUrl);
  if (source.kind === "recording") {
    authorize(c, "read", source.streamPath);
    const wanted = await downloadedAt(c, context, source.streamPath, source.query, timeMs);
    const still = await pictures.still(await recordedMoment(planning, wanted, c.req.raw.signal), shape, seek, turn);
    return { still, url: origin + snapshotPath(source.streamPath, wanted.atMs, shape), timeMs };
  }
  if (source.kind === "upload") {
    if (source.area === "store" && !config.uploads.publicFiles) authorize(c, "read", undefined);
    else needsNone(c);
    const upload = await uploadAt(context, source.area, source.key);
    const video = await uploadedVideo(context, upload);
    const still = await pictures.still({ video, atMs: timeMs }, shape, seek, turn);
    const path =
      source.area === "store" ? `${config.uploads.filesUrl ?? `${origin}/files`}/` : `${origin}/public/uploads/`;
    const process = `video/snapshot,t_${timeMs},f_${shape.format},w_${shape.width},h_0,ar_auto`;
    return { still, url: `${path}${upload.key}?x-oss-process=${process}`, timeMs };
  }
  authorize(c, "upload", undefined);
  const still = await remoteStill(context, source.url, timeMs, shape, turn);
  const kept = await keepPicture(context, still);
  return { still, url: `${config.uploads.filesUrl ?? `${origin}/files`}/${kept.key}`, timeMs };
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

function snapshotPath(streamPath: string, atMs: number, { width, format }: PictureShape): string {
  const wide = width === 0 ? "" : `&width=${width}`;
  return `/mp4/snapshot/${encodeStreamPath(streamPath)}.${format}?time=${formatTime(atMs)}${wide}`;
}
