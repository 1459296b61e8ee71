import { createRoute } from "@hono/zod-openapi";
import { LARGEST_PICTURE } from "../../pictures/picture-size.ts";
import { shownAt } from "../../pictures/shown-at.ts";
import { recordedMoment } from "../../pictures/videos.ts";
import { snapshotPath } from "../../base/stream-path.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { checkTimeZone } from "../../base/time-zone.ts";
import { need } from "../middleware/access.ts";
import { keptOnceSettled } from "../replies/cache-control.ts";
import type { App, AppContext } from "../context.ts";
import { turnOf } from "../middleware/limits.ts";
import { fileParameter, integer, query, spanning, timeParameters } from "../schema/parameters.ts";
import { pathFile } from "../schema/path-file.ts";
import { sendSmall } from "../replies/small-reply.ts";
import { refused } from "../replies/replies.ts";
import { atTimes, shared, shareParameters, shareReply, signedLinkParameters, wantsLink } from "../time-ranges/share.ts";
import * as z from "../schema/zod.ts";

const binary = z.string().openapi({ format: "binary" });

const pictureOf = pathFile(["jpg", "png"], {
  refusal: "A snapshot ends in .jpg or .png, for example /mp4/snapshot/live/cam1.jpg.",
});

const route = createRoute({
  method: "get",
  path: `/mp4/snapshot/{file}${spanning}`,
  summary: "A picture of a recording",
  description: "`Boxcar-Time` says since when the picture was shown. Only the samples it is decoded from are read.",
  middleware: need("read", (c) => pictureOf(c).streamPath),
  request: {
    params: fileParameter("Stream path and format: `.jpg` or `.png`.", "live/cam1.jpg"),
    query: query({
      time: timeParameters.start.openapi({ description: "The moment. Default: the newest recorded picture." }),
      tz: timeParameters.tz,
      width: integer(1, LARGEST_PICTURE)
        .optional()
        .openapi({ description: "Pixels; the height follows. Default: as recorded." }),
      seek: z.enum(["exact", "keyframe"], "expected exact or keyframe").default("exact").openapi({
        description: "The picture shown at the moment, or the sync sample at or before it, which costs less.",
      }),
      ...shareParameters,
      ...signedLinkParameters,
    }),
  },
  responses: {
    200: {
      description: "The picture.",
      content: { ...shared, "image/jpeg": { schema: binary }, "image/png": { schema: binary } },
    },
    304: { description: "The client has it already." },
    ...refused,
  },
});

/** `GET, HEAD /mp4/snapshot/{streamPath}.jpg` and `.png`. */
export function addSnapshot(app: App, context: AppContext): void {
  const { catalog, clock, config, planning, pictures } = context;
  app.openapi(route, async (c) => {
    const { streamPath, format } = pictureOf(c);
    const query = c.req.valid("query");
    const { time, tz, width = 0, seek } = query;
    const zone = tz === undefined ? config.timeZone : checkTimeZone(tz);
    const asked = time === undefined ? undefined : parseTime(time, { zone, dayOf: clock() }, "time");
    if (wantsLink(query)) {
      const times = { time: asked === undefined ? undefined : formatTime(asked) };
      return shareReply(c, context, query, atTimes(c, snapshotPath(streamPath, format), times));
    }
    const wanted = await shownAt(catalog, streamPath, asked, config.gapToleranceMs);
    const shape = { width, height: 0, format, rotation: "auto" } as const;
    const still = await pictures.still(
      await recordedMoment(planning, wanted, c.req.raw.signal),
      shape,
      seek,
      turnOf(c),
    );
    const settled = asked !== undefined && asked + config.settleMs <= clock();
    return sendSmall(c, still, {
      "Cache-Control": keptOnceSettled(c, settled, clock()),
      "Boxcar-Time": formatTime(still.shownMs),
    });
  });
}
