import { createRoute } from "@hono/zod-openapi";
import { BoxcarError } from "../../base/errors.ts";
import { beginDirectSegment, confirmDirectSegment } from "../../intake/segments/direct-segment.ts";
import { checkUploadSize } from "../../intake/upload-size.ts";
import { encodeStreamPath } from "../../base/stream-path.ts";
import { formatTime } from "../../base/time.ts";
import { need, segmentOwner, streamPathInPath } from "../middleware/access.ts";
import { askedStart, startParameters } from "../schema/asked-start.ts";
import type { App, AppPlatform } from "../context.ts";
import { atOnce, memoryOf } from "../middleware/limits.ts";
import { integer, query, streamPathInRoute, streamPathParameter } from "../schema/parameters.ts";
import { done, json, refused, success, takenOf, takenSegment } from "../replies/replies.ts";
import * as z from "../schema/zod.ts";

/** How long a client may take when it does not say, and at most, in seconds. */
const DEFAULT_SECONDS = 900;
const MOST_SECONDS = 86_400;

const signedUpload = z
  .object({
    id: z.int().openapi({ description: "Names the upload when it is confirmed." }),
    method: z.enum(["GET", "PUT", "POST"]),
    url: z.string().openapi({ description: "In the store, not on this server." }),
    headers: z.record(z.string(), z.string()).openapi({ description: "Must be sent exactly so." }),
    expireTime: z.iso.datetime(),
    confirmUrl: z.string().openapi({ description: "Where the upload is confirmed once the store has answered." }),
  })
  .openapi("SignedUpload");

const presign = createRoute({
  method: "post",
  path: `/mp4/api/segments/presign/${streamPathInRoute}`,
  summary: "Begin the upload of a segment to the store itself",
  description:
    "Gives a signed request with which the client writes the file to the store; its bytes do not pass this server. " +
    "It exists as a segment once it is confirmed.",
  middleware: [need("upload", streamPathInPath)] as const,
  request: {
    params: streamPathParameter(),
    query: query({
      size: integer(1).openapi({ description: "Bytes of the file. The store takes no other size." }),
      expires: integer(60, MOST_SECONDS)
        .optional()
        .openapi({ description: `Seconds until the request is no longer taken. Default: ${String(DEFAULT_SECONDS)}.` }),
    }),
  },
  responses: { 201: json("The request to send to the store.", success(signedUpload)), ...refused },
});

const confirm = createRoute({
  method: "post",
  path: `/mp4/api/segments/confirm/${streamPathInRoute}`,
  summary: "Confirm a segment that was uploaded to the store itself",
  description: "The object is compared with what was announced, indexed by a few ranged reads, and becomes a segment.",
  middleware: [need("upload", streamPathInPath), atOnce("uploads")] as const,
  request: {
    params: streamPathParameter(),
    query: query({
      id: integer(1).openapi({ description: "As the begun upload was named." }),
      ...startParameters,
      etag: z
        .string("expected once")
        .min(1, "expected the ETag that the store answered with")
        .optional()
        .openapi({ description: "The ETag that the store answered the upload with, to be compared." }),
    }),
  },
  responses: {
    201: json("The segment can be downloaded.", success(takenSegment)),
    ...refused,
  },
});

/** `POST /mp4/api/segments/presign/{streamPath}` and `…/confirm/{streamPath}`. */
export function addDirectSegments(app: App, platform: AppPlatform): void {
  const { config, store } = platform;
  app.openapi(presign, async (c) => {
    const { streamPath } = c.req.valid("param");
    const { size, expires = DEFAULT_SECONDS } = c.req.valid("query");
    checkUploadSize("segment", size, config.maxUpload);
    if (store.presign === undefined) {
      const message = "The store of this server signs no requests. Upload by PUT /mp4/api/segments/{streamPath}.";
      throw new BoxcarError("not_available", message);
    }
    const { id, request } = await beginDirectSegment(
      { ...platform, keyLayout: platform.config.keyLayout },
      store.presign,
      { streamPath, owner: segmentOwner(c), size, seconds: expires },
    );
    const { method, url, fields, expiresMs } = request;
    const confirmUrl = `/mp4/api/segments/confirm/${encodeStreamPath(streamPath)}?id=${String(id)}`;
    const data = { id, method, url, headers: { ...fields }, expireTime: formatTime(expiresMs), confirmUrl };
    c.header("Cache-Control", "no-store");
    return c.json(done(data), 201);
  });

  app.openapi(confirm, async (c) => {
    const { streamPath } = c.req.valid("param");
    const { id, etag, ...start } = c.req.valid("query");
    const taken = await confirmDirectSegment(platform, {
      ...askedStart(start, platform),
      streamPath,
      owner: segmentOwner(c),
      id,
      etag: etag?.replace(/^"(.*)"$/, "$1"),
      hold: memoryOf(c),
    });
    const data = takenOf(taken);
    c.header("Location", data.url);
    return c.json(done(data), 201);
  });
}
