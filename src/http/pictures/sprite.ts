import { createRoute } from "@hono/zod-openapi";
import { BoxcarError } from "../../base/errors.ts";
import { hashOf } from "../../base/sha256.ts";
import { COLUMNS, framesOf, SHEETS, TILES, tileSize, tilesOf, writeStoryboard } from "../../pictures/storyboard.ts";
import { recordedMoments } from "../../pictures/videos.ts";
import { spritePath } from "../../base/stream-path.ts";
import { formatTime, parseDuration } from "../../base/time.ts";
import { need } from "../middleware/access.ts";
import { keptOnceSettled } from "../replies/cache-control.ts";
import type { App, AppContext } from "../context.ts";
import { turnOf } from "../middleware/limits.ts";
import { fileParameter, integer, query, spanning, timeParameters } from "../schema/parameters.ts";
import { pathFile } from "../schema/path-file.ts";
import { sendSmall } from "../replies/small-reply.ts";
import { outlinedRange } from "../time-ranges/planned-range.ts";
import { refused } from "../replies/replies.ts";
import {
  atTimes,
  sameLink,
  shared,
  shareParameters,
  shareReply,
  signedLinkParameters,
  wantsLink,
} from "../time-ranges/share.ts";
import { boundedRange, requiredRange } from "../time-ranges/bounded-range.ts";
import * as z from "../schema/zod.ts";

const spriteOf = pathFile(["vtt", "jpg"], {
  refusal: "A sprite ends in .vtt or .jpg, for example /mp4/sprite/live/cam1.vtt.",
});

const route = createRoute({
  method: "get",
  path: `/mp4/sprite/{file}${spanning}`,
  summary: "Small pictures of a time range, for scrubbing",
  description:
    "`.vtt` is a storyboard as WebVTT thumbnails, `.jpg` one of the sheets it names, of up to 100 pictures. Its times " +
    "are those of the download with the same range and `gaps`. Each picture is the sync sample at or before its moment.",
  middleware: need("read", (c) => spriteOf(c).streamPath),
  request: {
    params: fileParameter("Stream path and format: `.vtt` or `.jpg`.", "live/cam1.vtt"),
    query: query({
      ...timeParameters,
      gaps: z.enum(["skip", "keep"], "expected skip or keep").default("skip"),
      interval: z.string("expected once").optional().openapi({
        description: "Time from picture to picture, at least 1s. Default: so that one sheet holds all.",
        example: "10s",
      }),
      width: integer(16, 480).default(160).openapi({ description: "Pixels of one picture; rounded to even." }),
      sheet: integer(0, SHEETS - 1)
        .default(0)
        .openapi({ description: "Number of the sheet." }),
      ...shareParameters,
      ...signedLinkParameters,
    }),
  },
  responses: {
    200: {
      description: "The storyboard, or a sheet.",
      content: {
        ...shared,
        "text/vtt": { schema: z.string() },
        "image/jpeg": { schema: z.string().openapi({ format: "binary" }) },
      },
    },
    304: { description: "The client has it already." },
    ...refused,
  },
});

/** `GET, HEAD /mp4/sprite/{streamPath}.vtt` and `.jpg`. */
export function addSprite(app: App, context: AppContext): void {
  const { catalog, clock, config, planning, pictures } = context;
  app.openapi(route, async (c) => {
    const { streamPath, format } = spriteOf(c);
    const asked = c.req.valid("query");
    const { gaps, width, sheet } = asked;
    const range = requiredRange(asked, config.timeZone, clock(), "Say what to show:");
    const { startMs, endMs } = await boundedRange(catalog, streamPath, range);
    if (wantsLink(asked)) {
      const times = { start: formatTime(startMs), end: formatTime(endMs) };
      return shareReply(c, context, asked, atTimes(c, spritePath(streamPath, format), times));
    }
    const plan = await outlinedRange(c, context, { streamPath, startMs, endMs, cut: "frame", gaps, changes: "inband" });
    const interval = asked.interval === undefined ? undefined : parseDuration(asked.interval, "interval");
    const { intervalMs, tiles } = tilesOf(plan, interval);
    const [first] = await framesOf(catalog, streamPath, plan, [plan.startMs]);
    const size = first === undefined ? { width, height: width } : tileSize(first.segment, width);
    const settled = range.endMs !== undefined && range.endMs + config.settleMs <= clock();
    const headers = {
      "Cache-Control": keptOnceSettled(c, settled, clock()),
    };
    if (format === "vtt") {
      const path = spritePath(streamPath, "jpg");
      const fields = `start=${startMs}&end=${endMs}&gaps=${gaps}&interval=${intervalMs}ms&width=${width}`;
      // Whoever follows a signed link to the storyboard must get its sheets, too.
      const sheets = await Promise.all(
        Array.from({ length: Math.ceil(tiles.length / TILES) }, (_, number) =>
          sameLink(c, context, path, `${fields}&sheet=${number}`, asked.expires),
        ),
      );
      const text = writeStoryboard(tiles, size, (number) => sheets[number] ?? "");
      const bytes = new TextEncoder().encode(text);
      return sendSmall(c, { contentType: "text/vtt; charset=utf-8", bytes, hash: await hashOf(bytes) }, headers);
    }
    const part = tiles.slice(sheet * TILES, (sheet + 1) * TILES);
    if (part.length === 0) {
      const message = `This storyboard has no sheet ${sheet}: the last one is ${Math.ceil(tiles.length / TILES) - 1}. Its .vtt names them.`;
      throw new BoxcarError("unknown_sheet", message, { sheet });
    }
    const moments = part.map(({ wallMs }) => wallMs);
    const frames = await framesOf(catalog, streamPath, plan, moments, c.req.raw.signal);
    const recorded = await recordedMoments(planning, frames, c.req.raw.signal);
    const rows = Math.ceil(part.length / COLUMNS);
    return sendSmall(c, await pictures.sheet(recorded, { columns: COLUMNS, rows, ...size }, turnOf(c)), headers);
  });
}
