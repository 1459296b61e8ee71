import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Segment } from "../../catalog/types.ts";
import type { Interval } from "../../base/interval.ts";
import { BoxcarError } from "../../base/errors.ts";
import { MOST_CHAPTERS, type Mark, type Media, type RangeOutline } from "../../core/index.ts";
import { planSegment, type RangeQuery } from "../../recordings/plan-range.ts";
import { defaultFileName, disposition } from "../replies/file-name.ts";
import { sendMedia } from "../replies/send-media.ts";
import { storedMedia } from "../replies/stored-media.ts";
import { downloadPath } from "../../base/stream-path.ts";
import { formatTime } from "../../base/time.ts";
import { parseTimeRange } from "../../base/time-range.ts";
import { zoneOffsetMinutes } from "../../base/time-zone.ts";
import { need } from "../middleware/access.ts";
import { checkedEachTime, keptForGood } from "../replies/cache-control.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { outputParameters } from "../schema/output-parameters.ts";
import { fileParameter, integer, lenient, spanning, timeParameters } from "../schema/parameters.ts";
import { atOnce, holdPlan } from "../middleware/limits.ts";
import { outlinedRange, plannedRange } from "../time-ranges/planned-range.ts";
import { refused } from "../replies/replies.ts";
import { shared, shareParameters, shareReply, signedLinkParameters, wantsLink } from "../time-ranges/share.ts";
import { streamReply } from "../replies/stream-reply.ts";
import { boundedRange } from "../time-ranges/bounded-range.ts";
import { pathFile } from "../schema/path-file.ts";
import * as z from "../schema/zod.ts";

const parameters = lenient({
  id: integer(1).optional().openapi({ description: "One whole segment, instead of a time range.", example: "42" }),
  ...timeParameters,
  ...outputParameters,
  chapters: z.enum(["0", "1", "events"], "expected 0, 1 or events").default("0").openapi({
    description:
      "`1`: write a chapter, titled with its wall-clock time in `tz`, for each stretch without gaps; `events`: for each event of the range, titled with its name.",
  }),
  captions: z.enum(["none", "clock"], "expected none or clock").default("none").openapi({
    description: "`clock`: add a text track that tells the wall-clock time, in `tz`, every second.",
  }),
  filename: z.string("expected once").max(255, "expected at most 255 characters").optional().openapi({
    description: "Name under which browsers save the download.",
  }),
  event: integer(
    1,
    undefined,
    "expected the id of an event, a number, as event/start and event/list tell it beside its eventId",
  )
    .optional()
    .openapi({ description: "The time of an event, by its `id` (not its `eventId`), instead of a time range." }),
  partial: z.enum(["0", "1"], "expected 0 or 1").default("0").openapi({
    description:
      "`1`: of a range that ends in the future, while it is being recorded, what there is. Else it is refused with 425.",
  }),
  inline: z.enum(["0", "1"], "expected 0 or 1").default("0").openapi({ description: "`1`: show instead of save." }),
  ...shareParameters,
  ...signedLinkParameters,
});

const media = { "video/mp4": { schema: z.string().openapi({ format: "binary" }) } };
const ranges = { ...media, "multipart/byteranges": media["video/mp4"] };

const fileOf = pathFile(["mp4", "fmp4"], { format: "mp4" });

const route = createRoute({
  method: "get",
  // A suffix after a parameter that spans slashes is more than the router knows: the handler splits it off.
  path: `/mp4/download/{file}${spanning}`,
  summary: "Download a time range, or one segment, as one MP4",
  description:
    "The length is exact and the ETag strong, so downloads resume at any byte. `Boxcar-Start` and `Boxcar-End` state " +
    "the wall-clock time that is delivered, `Boxcar-Joints` and `Boxcar-Gaps` how many joints and gaps it has, " +
    "`Boxcar-Changes` how changed parameters of the picture are told in it: `inband` or `entries`.",
  middleware: [need("read", (c) => fileOf(c).streamPath), atOnce("downloads")] as const,
  request: {
    params: fileParameter(
      "Stream path and format: `.mp4` progressive (also without it), `.fmp4` fragmented.",
      "live/cam1.mp4",
    ),
    query: parameters,
  },
  responses: {
    200: {
      description: "The media; with `share=1` a signed link to it.",
      content: { ...media, ...shared },
    },
    206: { description: "The ranges of it that were asked for.", content: ranges },
    304: { description: "The client has it already." },
    ...refused,
  },
});

type Query = z.infer<typeof parameters>;

/** What a download is about to deliver. */
interface Delivery {
  readonly media: Media;
  /** Wall-clock time presented. */
  readonly startMs: number;
  readonly endMs: number;
  readonly joints: number;
  readonly gaps: number;
  /** As `RangeOutline` has it. */
  readonly changes: RangeOutline["changes"];
  /** Whether the bytes under this URL can no longer change. */
  readonly settled: boolean;
  /** What asks for the same again, whenever that is. */
  readonly query: () => Readonly<Record<string, string | undefined>>;
}

/** `GET, HEAD /mp4/download/{streamPath}.mp4` and `.fmp4`. */
export function addDownload(app: App, context: AppContext): void {
  app.openapi(route, async (c) => {
    const query = c.req.valid("query");
    const { streamPath, format } = fileOf(c);
    const delivery =
      query.id === undefined
        ? await deliverRange(c, context, streamPath, format, query)
        : await deliverSegment(c, context, { streamPath, format, id: query.id }, query);
    const fallback = defaultFileName(streamPath, delivery.startMs);
    if (wantsLink(query)) {
      const same = { path: downloadPath(streamPath, format), query: delivery.query() };
      return shareReply(c, context, query, same);
    }
    const headers = new Headers({
      "Cache-Control": delivery.settled ? keptForGood(c, context.clock()) : checkedEachTime(c),
      "Content-Disposition": disposition(query.filename, fallback, query.inline === "1"),
      "Boxcar-Start": formatTime(delivery.startMs),
      "Boxcar-End": formatTime(delivery.endMs),
      "Boxcar-Joints": String(delivery.joints),
      "Boxcar-Gaps": String(delivery.gaps),
      "X-Request-Id": c.get("requestId"),
    });
    if (delivery.changes !== undefined) headers.set("Boxcar-Changes", delivery.changes);
    return sendMedia(c.req.raw, delivery.media, headers, streamReply(c, context), c.env);
  });
}

async function deliverRange(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  format: "mp4" | "fmp4",
  query: Query,
): Promise<Delivery> {
  const nowMs = context.clock();
  // Nothing said: all there is.
  const asked = (await eventRange(context, streamPath, query)) ??
    parseTimeRange(query, context.config.timeZone, nowMs) ?? { startMs: undefined, endMs: undefined };
  if (query.partial !== "1") checkIsOver(context, streamPath, asked.endMs, nowMs);
  const { cut, gaps, changes, sound, edits, tag } = query;
  const bounded = await boundedRange(context.catalog, streamPath, asked);
  // One offset for the whole file, stated with every time: the clock of a caption never jumps.
  const offsetMinutes = zoneOffsetMinutes(query.tz ?? context.config.timeZone, bounded.startMs);
  const wanted = {
    streamPath,
    ...bounded,
    cut,
    gaps,
    changes,
    sound,
    edits,
    tag,
    ...(query.chapters === "0"
      ? {}
      : { chapters: { offsetMinutes, ...(await marksOf(context, streamPath, query, bounded)) } }),
    ...(query.captions === "clock" ? { captions: { offsetMinutes } } : {}),
  };
  const { plan, media } = await plannedMedia(c, context, wanted, format);
  const { startMs, endMs, joints } = plan;
  const { settleMs, gapToleranceMs } = context.config;
  // What is missing may still be uploaded; where all is there, nothing can be added.
  const complete =
    plan.gaps.length === 0 && startMs <= bounded.startMs + gapToleranceMs && endMs >= bounded.endMs - gapToleranceMs;
  const isClosed = asked.startMs !== undefined && asked.endMs !== undefined && asked.endMs + settleMs <= nowMs;
  const settled = complete && isClosed && query.chapters !== "events"; // one may still be noted
  const same = (): Record<string, string | undefined> => ({
    start: formatTime(bounded.startMs),
    end: formatTime(bounded.endMs),
    ...(query.captions === "clock" || query.chapters === "1" ? { tz: query.tz } : {}),
    ...optionsOf(query),
  });
  const told = { startMs, endMs, joints, gaps: plan.gaps.length, changes: plan.changes };
  return { ...told, media, settled, query: same };
}

/** What a range becomes: for a HEAD request no more than is told of it. */
async function plannedMedia(
  c: Context<AppEnv>,
  context: AppContext,
  query: RangeQuery,
  format: "mp4" | "fmp4",
): Promise<{ plan: RangeOutline; media: Media }> {
  if (c.req.raw.method !== "HEAD") {
    const plan = await plannedRange(c, context, query);
    return { plan, media: plan.media(format) };
  }
  const plan = await outlinedRange(c, context, query, context.config.planning.downloadSegments);
  const read = (): never => {
    throw new Error("the reply to a HEAD request has no body");
  };
  return { plan, media: { size: plan.size(format), etag: plan.etag(format), read } };
}

/** The events of a range that are to be chapters of it, the newest ones when they are too many. */
async function marksOf(
  { catalog }: AppContext,
  streamPath: string,
  { chapters }: Query,
  { startMs, endMs }: Interval,
): Promise<{ marks?: Mark[] }> {
  if (chapters !== "events") return {};
  const events = await catalog.events.list({ streamPath, startMs, endMs, limit: MOST_CHAPTERS });
  const marks = events.toReversed().map(({ name, eventId, startMs: wallMs }) => ({ wallMs, title: name || eventId }));
  return { marks };
}

/** The time of the event that is asked for. @throws BoxcarError `bad_range` (400), `unknown_id` (404) */
async function eventRange(context: AppContext, streamPath: string, query: Query): Promise<Interval | undefined> {
  const { event: id } = query;
  if (id === undefined) return undefined;
  refuseTimes(query, "event names a time");
  const event = await context.catalog.events.get(id);
  if (event?.streamPath === streamPath) return event;
  const message = `${streamPath} has no event of id ${String(id)}. GET /mp4/api/event/list/${streamPath} lists those it has: event is their id, not their eventId.`;
  throw new BoxcarError("unknown_id", message, { id });
}

/** @throws BoxcarError `bad_range` (400) when a time is given, too */
function refuseTimes(query: Query, why: string): void {
  const given = (["start", "end", "duration", "range"] as const).filter((name) => query[name] !== undefined);
  if (given.length === 0) return;
  const message = `${why} and cannot be combined with ${given.join(", ")}. Give one or the other.`;
  throw new BoxcarError("bad_range", message, { parameters: given });
}

/** Longest time after which a client is told to ask again, seconds. */
const LONGEST_RETRY_S = 3600;

/** A range that is still being recorded would be short. @throws BoxcarError `not_over` (425) */
function checkIsOver(context: AppContext, streamPath: string, endMs: number | undefined, nowMs: number): void {
  if (endMs === undefined || endMs <= nowMs || context.recording?.recorder.running(streamPath) === undefined) return;
  const seconds = Math.min(Math.ceil((endMs - nowMs) / 1000) + 1, LONGEST_RETRY_S);
  const message = `${streamPath} is being recorded, and the range ends in the future. Ask again then, or take what there is with partial=1.`;
  throw new BoxcarError("not_over", message, { retryAfterSeconds: seconds });
}

async function deliverSegment(
  c: Context<AppEnv>,
  context: AppContext,
  { streamPath, format, id }: { readonly streamPath: string; readonly format: "mp4" | "fmp4"; readonly id: number },
  query: Query,
): Promise<Delivery> {
  refuseTimes(query, "id names one whole segment");
  const segment = (await context.catalog.segment(id)) ?? context.catalog.growing.ofRow(id);
  if (segment?.streamPath !== streamPath) throw unknownSegment(streamPath, id);
  const { startMs, endMs } = segment;
  const delivered = await wholeSegment(c, context, segment, format, query);
  const same = (): Record<string, string | undefined> => ({ id: String(id), ...optionsOf(query) });
  return { ...delivered, startMs, endMs, joints: 0, gaps: 0, settled: segment.growing !== true, query: same };
}

/** What a query asks for besides the time, defaults left out. */
function optionsOf(query: Query): Record<string, string | undefined> {
  const { cut, gaps, changes, sound, edits, tag, chapters, captions, filename, inline } = query;
  const given = { cut, gaps, changes, sound, edits, tag, chapters, captions, filename, inline };
  const defaults: Record<string, unknown> = parameters.parse({});
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== defaults[name]));
}

async function wholeSegment(
  c: Context<AppEnv>,
  context: AppContext,
  segment: Segment,
  format: "mp4" | "fmp4",
  { changes, edits, tag }: Query,
): Promise<Pick<Delivery, "media" | "changes">> {
  if (segment.format === format && edits === "list" && tag === undefined)
    return { media: storedMedia(context.store, segment), changes: undefined };
  const plan = await planSegment(context.planning, segment, { changes, edits, tag });
  holdPlan(c, plan);
  return { media: plan.media(format), changes: plan.changes };
}

function unknownSegment(streamPath: string, id: number): BoxcarError {
  const message = `${streamPath} has no segment ${String(id)}. GET /mp4/api/list/${streamPath} lists those it has.`;
  return new BoxcarError("unknown_id", message, { id });
}
