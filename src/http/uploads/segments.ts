import { createRoute } from "@hono/zod-openapi";
import { BoxcarError } from "../../base/errors.ts";
import { checkUploadSize, ofUploadSize } from "../../intake/upload-size.ts";
import { ingestSegment } from "../../intake/segments/segment-upload.ts";
import { need, segmentOwner, streamPathInPath } from "../middleware/access.ts";
import { askedStart, startParameters } from "../schema/asked-start.ts";
import { atOnce, memoryOf } from "../middleware/limits.ts";
import type { App, AppPlatform } from "../context.ts";
import { query, streamPathInRoute, streamPathParameter } from "../schema/parameters.ts";
import { done, json, refused, success, takenOf, takenSegment } from "../replies/replies.ts";
import { bodyOf } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";

const route = createRoute({
  method: "put",
  path: `/mp4/api/segments/${streamPathInRoute}`,
  summary: "Upload one recorded segment",
  description:
    "The body is the MP4 file itself, progressive or fragmented. It is indexed and stored as it arrives. " +
    "Repeating an upload with the same `Idempotency-Key` by the same caller answers as the first one did.",
  middleware: [need("upload", streamPathInPath), atOnce("uploads")] as const,
  request: {
    params: streamPathParameter(),
    query: query(startParameters),
    headers: z.object({
      "idempotency-key": z
        .string()
        .regex(/^[\x21-\x7e]{1,255}$/, "expected 1 to 255 printable characters")
        .optional(),
    }),
    body: { content: { "video/mp4": { schema: z.string().openapi({ format: "binary" }) } } },
  },
  responses: {
    201: json("The segment is stored and can be downloaded.", success(takenSegment)),
    ...refused,
  },
});

/** `PUT /mp4/api/segments/{streamPath}`. */
export function addSegments(app: App, platform: AppPlatform): void {
  const { config } = platform;
  app.openapi(route, async (c) => {
    const { streamPath } = c.req.valid("param");
    const asked = askedStart(c.req.valid("query"), platform);
    const type = c.req.header("content-type") ?? "";
    if (/^\s*multipart\//i.test(type)) {
      const message = "The body must be the MP4 file itself, not a form. With curl: curl -T segment.mp4 URL.";
      throw new BoxcarError("unsupported_body", message);
    }
    const length = c.req.header("content-length");
    const size = length === undefined ? undefined : Number(length);
    checkUploadSize("segment", size ?? 0, config.maxUpload);
    const taken = await ingestSegment(
      { ...platform, keyLayout: config.keyLayout },
      {
        ...asked,
        streamPath,
        body: ofUploadSize("segment", bodyOf(c.req.raw, config.rates.uploads), config.maxUpload),
        size,
        hold: memoryOf(c),
        owner: segmentOwner(c),
        idempotencyKey: c.req.valid("header")["idempotency-key"],
      },
    );
    const data = takenOf(taken);
    c.header("Location", data.url);
    if (taken.repeated) c.header("Idempotency-Replayed", "true");
    return c.json(done(data), 201);
  });
}
