import { createRoute } from "@hono/zod-openapi";
import { BoxcarError } from "../../base/errors.ts";
import { formatTime } from "../../base/time.ts";
import { followStream } from "../../recordings/follow-stream.ts";
import type { App, AppContext } from "../context.ts";
import { need } from "../middleware/access.ts";
import { atOnce } from "../middleware/limits.ts";
import { refused } from "../replies/replies.ts";
import { streamReply } from "../replies/stream-reply.ts";
import { fileParameter, query, spanning } from "../schema/parameters.ts";
import { pathFile } from "../schema/path-file.ts";
import * as z from "../schema/zod.ts";
import { tracksOf } from "./asked-stream.ts";
import { oncePlayable } from "./on-growth.ts";

const fileOf = pathFile(["mp4"], {
  refusal: "GET /mp4/live/{streamPath}.mp4 follows a stream; POST /mp4/live/{streamPath} records one.",
});

const route = createRoute({
  method: "get",
  path: `/mp4/live/{file}${spanning}`,
  summary: "Follow a stream while it is recorded",
  description:
    "Fragmented MP4 without an end, from the newest sync sample on, each part as soon as it is safe; it ends with the recording, or where its " +
    "codecs change. Who reads slower than it is recorded, and is 10 s behind, is taken to the newest sync sample. `X-Start-Time` has the moment of time 0.",
  middleware: [need("read", (c) => fileOf(c).streamPath), atOnce("downloads")] as const,
  request: {
    params: fileParameter("Stream path and `.mp4`.", "live/cam1.mp4"),
    query: query({
      tracks: z
        .enum(["all", "video", "audio"], "expected all, video or audio")
        .default("all")
        .openapi({ description: "Picture and sound (`all`), or one of them." }),
    }),
  },
  responses: {
    200: {
      description: "The stream.",
      content: { "video/mp4": { schema: z.string().openapi({ format: "binary" }) } },
    },
    ...refused,
  },
});

/** `GET, HEAD /mp4/live/{streamPath}.mp4`. */
export function addLive(app: App, context: AppContext): void {
  app.openapi(route, (c) => {
    const { streamPath } = fileOf(c);
    const { tracks } = c.req.valid("query");
    const isRecorded = (): boolean => context.recording?.recorder.running(streamPath) !== undefined;
    return oncePlayable(c, context, streamPath, async () => {
      const options = { tracks: tracksOf(tracks), isRecorded, signal: c.req.raw.signal };
      const followed = isRecorded() ? await followStream(context.planning, streamPath, options) : undefined;
      if (followed === undefined) {
        const message = `${streamPath} is not being recorded here, or has no such tracks. GET /mp4/api/jobs shows what is; what was recorded plays by GET /mp4/hls/${streamPath}/index.m3u8.`;
        throw new BoxcarError("not_recorded", message, { streamPath });
      }
      const headers = new Headers({
        "Content-Type": tracks === "audio" ? "audio/mp4" : "video/mp4",
        "Cache-Control": "no-store",
        "X-Start-Time": formatTime(Math.round(followed.startMs)),
        "X-Request-Id": c.get("requestId"),
      });
      if (c.req.method === "HEAD") return new Response(null, { status: 200, headers });
      return streamReply(c, context)(c.env, 200, headers, followed.body);
    });
  });
}
