import { createRoute } from "@hono/zod-openapi";
import type { Interval, RangeOutline } from "../../core/index.ts";
import { encodeStreamPath } from "../../base/stream-path.ts";
import { formatTime } from "../../base/time.ts";
import { need, needSome, readable, streamPathInPath } from "../middleware/access.ts";
import type { StreamTotals } from "../../catalog/types.ts";
import type { App, AppContext } from "../context.ts";
import { listedInTurn } from "../middleware/limits.ts";
import { outputParameters } from "../schema/output-parameters.ts";
import {
  apiPrefixes,
  integer,
  query,
  streamPathInRoute,
  streamPathParameter,
  timeParameters,
} from "../schema/parameters.ts";
import { eventsWithin, shownEvent } from "../replies/event.ts";
import { outlinedRange } from "../time-ranges/planned-range.ts";
import { largeReply, listReply, shownRows } from "../replies/list-reply.ts";
import { done, interval, intervalOf, json, pageHead, pageOf, refused, success } from "../replies/replies.ts";
import {
  atTimes,
  sharedLink,
  shareParameters,
  shareReply,
  signedLinkParameters,
  wantsLink,
} from "../time-ranges/share.ts";
import { boundedRange, requiredRange } from "../time-ranges/bounded-range.ts";
import * as z from "../schema/zod.ts";

/** The calls that say what is recorded: list, catalog and timeline. */
export function addRecords(app: App, context: AppContext): void {
  const { catalog, clock, config } = context;

  for (const prefix of apiPrefixes)
    app.openapi(catalogRoute(prefix), async (c) => {
      const { pageNum, pageSize } = c.req.valid("query");
      const within = readable(c);
      const total = await catalog.countStreams(within);
      const streams = await catalog.streams({ within, pageNum, pageSize });
      return listReply(c, context, pageHead({ total, pageNum, pageSize }), shownRows([streams], totalsOf));
    });

  app.openapi(timelineRoute, async (c) => {
    const { streamPath } = c.req.valid("param");
    const query = c.req.valid("query");
    const { cut, gaps, changes, sound, edits, tag, ...times } = query;
    const asked = requiredRange(times, config.timeZone, clock(), "Say which time:");
    const range = await boundedRange(catalog, streamPath, asked);
    if (wantsLink(query)) {
      const times = { start: formatTime(range.startMs), end: formatTime(range.endMs) };
      return shareReply(c, context, query, atTimes(c, `/mp4/api/timeline/${encodeStreamPath(streamPath)}`, times));
    }
    const plan = await outlinedRange(c, context, { streamPath, ...range, cut, gaps, changes, sound, edits, tag });
    const { startMs, endMs } = plan;
    const newestFirst = catalog.events.pages({ streamPath, startMs, endMs, limit: LISTED_EVENTS });
    const events = await eventsWithin(newestFirst, MOST_OF_EVENTS);
    const data = {
      streamPath,
      startTime: formatTime(plan.startMs),
      endTime: formatTime(plan.endMs),
      segments: plan.segments,
      joints: plan.joints,
      ...listedIntervals(plan),
      codecs: plan.codecs,
      events: events.toReversed(),
      size: { mp4: plan.size("mp4"), fmp4: plan.size("fmp4") },
    };
    return largeReply(c, context, done(data));
  });
}

/** Events that one reply lists, the last ones of the range. */
const LISTED_EVENTS = 1000;

/** Characters of the events that one reply lists. */
const MOST_OF_EVENTS = 1 << 20;

/** Gaps and intervals of coverage that one reply lists. */
const LISTED_INTERVALS = 5000;

/** The intervals of an outline as a reply has them, as far as one reply lists them. */
function listedIntervals({ gaps, coverage, endMs }: RangeOutline) {
  const further = [gaps, coverage].map((intervals) => intervals[LISTED_INTERVALS]?.startMs ?? endMs);
  const untilMs = Math.min(...further);
  const listed = (intervals: readonly Interval[]) =>
    intervals.slice(0, LISTED_INTERVALS).filter(({ startMs }) => startMs < untilMs);
  return {
    gaps: listed(gaps).map(intervalOf),
    coverage: listed(coverage).map(intervalOf),
    listedUntil: formatTime(untilMs),
  };
}

const streamTotals = z.object({
  streamPath: z.string(),
  count: z.int().openapi({ description: "Segments." }),
  ...interval.shape,
  bytes: z.int(),
});

function totalsOf({ streamPath, count, bytes, startMs, endMs }: StreamTotals): z.infer<typeof streamTotals> {
  return { streamPath, count, ...intervalOf({ startMs, endMs }), bytes };
}

/** Streams of one reply: some 1.3 MB. */
const LARGEST_CATALOG_PAGE = 10_000;

const catalogRoute = (prefix: (typeof apiPrefixes)[number]) =>
  createRoute({
    method: "get",
    path: `${prefix}/catalog`,
    hide: prefix !== apiPrefixes[0],
    summary: "What is recorded, a stream a row",
    middleware: [needSome("read"), listedInTurn] as const,
    request: {
      query: query({
        pageNum: integer(1, 1_000_000_000).default(1),
        pageSize: integer(1, LARGEST_CATALOG_PAGE).default(LARGEST_CATALOG_PAGE),
      }),
    },
    responses: {
      200: json(
        "Streams with their totals, by path. `total` says how many there are: more than are listed need further pages.",
        pageOf(streamTotals),
      ),
      ...refused,
    },
  });

const timeline = z.object({
  streamPath: z.string(),
  ...interval.shape,
  segments: z.int(),
  joints: z.int(),
  gaps: z.array(interval),
  coverage: z.array(interval),
  listedUntil: z.iso.datetime().openapi({
    description: `Where \`gaps\` and \`coverage\` end: before \`endTime\` when one of them would have more than ${String(LISTED_INTERVALS)} intervals. Ask again from there.`,
  }),
  codecs: z.string(),
  events: z.array(shownEvent).openapi({
    description: "The last 1000 that reach into the range, or, of long texts, those of the last million characters.",
  }),
  size: z.object({ mp4: z.int(), fmp4: z.int() }).openapi({ description: "Bytes of the download in each format." }),
});

const timelineRoute = createRoute({
  method: "get",
  path: `/mp4/api/timeline/${streamPathInRoute}`,
  summary: "What a download of a time range would hold",
  middleware: need("read", streamPathInPath),
  request: {
    params: streamPathParameter(),
    query: query({
      ...timeParameters,
      ...outputParameters,
      ...shareParameters,
      ...signedLinkParameters,
    }),
  },
  responses: {
    200: json("Coverage, gaps, joints, codecs and exact sizes.", success(z.union([timeline, sharedLink]))),
    ...refused,
  },
});
