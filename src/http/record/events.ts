import { createRoute } from "@hono/zod-openapi";
import { parseDuration } from "../../base/time.ts";
import { parseTimeRange } from "../../base/time-range.ts";
import { BoxcarError } from "../../base/errors.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import { DAY_MS } from "../../base/units.ts";
import { endEvent } from "../../record/end-event.ts";
import { beginEvent, type EventParts } from "../../record/events.ts";
import type { App, AppContext } from "../context.ts";
import { authorize, need, needSome, sourceOwner, streamPathInPath } from "../middleware/access.ts";
import { listedInTurn } from "../middleware/limits.ts";
import { listReply, shownRows } from "../replies/list-reply.ts";
import { done, doneHead, json, refused, success } from "../replies/replies.ts";
import {
  apiPrefixes,
  eventLevel,
  isKept,
  lenient,
  lengthOfTime,
  numberAsText,
  pageParameters,
  streamPathInRoute,
  streamPathParameter,
  timeParameters,
} from "../schema/parameters.ts";
import { bodyParameters, smallBody } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";
import { eventOf, eventsWithin, shownEvent } from "../replies/event.ts";
import { recordingOf } from "./recorder-of.ts";

/** How long an event may reach back, and on, milliseconds. */
const LONGEST_EVENT_MS = DAY_MS;

/** Characters of the events that a stop tells of. */
const MOST_STOPPED = 32 << 10;

const word = (description: string) =>
  z
    .preprocess(
      (given) => numberAsText(given ?? undefined),
      z
        .string("expected a text")
        .max(1000)
        .refine(isKept, "a text may hold neither NUL nor broken characters")
        .optional(),
    )
    .openapi({ description });

const begun = lenient({
  streamPath: z.string("expected a stream path"),
  eventId: word("Names it for whoever tells of it."),
  eventName: word("What is shown of it."),
  eventDesc: word("More about it."),
  eventLevel: z.preprocess((given) => numberAsText(given ?? undefined), eventLevel.optional()),
  beforeDuration: lengthOfTime(
    "How much before now belongs to it: seconds, or with units. Default: `BOXCAR_EVENT_BEFORE`.",
    "30s",
  ),
  afterDuration: lengthOfTime("How long it goes on. Default: `BOXCAR_EVENT_AFTER`.", "60s"),
});

const ended = lenient({
  streamPath: z.string("expected a stream path"),
  eventId: word("Only the event of this name."),
});

const body = (schema: typeof begun | typeof ended) => ({ required: true, content: { "*/*": { schema } } });
const middleware = [needSome("record"), smallBody];

const startRoute = (prefix: (typeof apiPrefixes)[number]) =>
  createRoute({
    ...{ method: "post", path: `${prefix}/event/start`, hide: prefix !== apiPrefixes[0], middleware },
    summary: "Note an event, and record it",
    description: "`data` is 0, as clients of other servers expect; `event` is what was noted.",
    request: { query: lenient({}), body: body(begun) },
    responses: { 200: json("It is noted.", success(z.literal(0)).extend({ event: shownEvent })), ...refused },
  });

const stopRoute = (prefix: (typeof apiPrefixes)[number]) =>
  createRoute({
    ...{ method: "post", path: `${prefix}/event/stop`, hide: prefix !== apiPrefixes[0], middleware },
    summary: "End events of a stream now",
    request: { query: lenient({}), body: body(ended) },
    responses: {
      200: json("Those that were going on; of very many the newest.", success(z.array(shownEvent))),
      ...refused,
    },
  });

const listRoute = (prefix: (typeof apiPrefixes)[number]) =>
  createRoute({
    ...{ method: "get", path: `${prefix}/event/list/${streamPathInRoute}`, hide: prefix !== apiPrefixes[0] },
    summary: "List the events of a stream, newest first",
    middleware: [need("read", streamPathInPath), listedInTurn] as const,
    request: {
      params: streamPathParameter(),
      query: lenient({
        ...timeParameters,
        eventLevel: eventLevel.optional(),
        ...pageParameters,
      }),
    },
    responses: {
      200: json("The events that reach into the time range, or all.", success(z.array(shownEvent))),
      ...refused,
    },
  });

/** `POST /mp4/api/event/start` and `stop`, `GET /mp4/api/event/list/{streamPath}`. */
export function addEvents(app: App, context: AppContext): void {
  const { catalog, clock, config } = context;
  const parts = (): EventParts => ({ catalog, clock, ...recordingOf(context) });
  for (const prefix of apiPrefixes) {
    app.openapi(startRoute(prefix), async (c) => {
      const given = bodyParameters(await c.req.text(), begun);
      const streamPath = checkStreamPath(given.streamPath);
      authorize(c, "record", streamPath);
      const { eventId = "", eventName = "", eventDesc = "", eventLevel = "low" } = given;
      const { eventBeforeMs, eventAfterMs } = config.recording;
      const event = await beginEvent(parts(), {
        ...{ streamPath, eventId, name: eventName, description: eventDesc, level: eventLevel },
        owner: sourceOwner(c),
        beforeMs: lengthOf(given.beforeDuration, "beforeDuration", eventBeforeMs),
        afterMs: lengthOf(given.afterDuration, "afterDuration", eventAfterMs),
      });
      return c.json({ ...done(0 as const), event: eventOf(event) }, 200);
    });
    app.openapi(stopRoute(prefix), async (c) => {
      const given = bodyParameters(await c.req.text(), ended);
      const streamPath = checkStreamPath(given.streamPath);
      authorize(c, "record", streamPath);
      const ids = await endEvent(parts(), streamPath, given.eventId);
      const newestFirst = catalog.events.ofIds(ids.toSorted((a, b) => b - a));
      const events = await eventsWithin(newestFirst, MOST_STOPPED);
      return c.json(done(events.toReversed()), 200);
    });
    app.openapi(listRoute(prefix), async (c) => {
      const { streamPath } = c.req.valid("param");
      const { eventLevel: level, pageNum, pageSize, ...times } = c.req.valid("query");
      const range = parseTimeRange(times, config.timeZone, clock());
      const page = { limit: pageSize, offset: (pageNum - 1) * pageSize };
      const events = catalog.events.pages({ streamPath, ...range, level, ...page });
      return listReply(c, context, doneHead, shownRows(events, eventOf));
    });
  }
}

/** @throws BoxcarError `bad_duration` (400) */
function lengthOf(given: string | undefined, name: string, defaultMs: number): number {
  if (given === undefined) return defaultMs;
  if (/^0+(?:\.0*)?(?:ms|s|m|h)?$/.test(given)) return 0;
  const ms = parseDuration(given, name);
  if (ms <= LONGEST_EVENT_MS) return ms;
  const message = `${name} is at most 24h: what lasts longer is a recording (POST /mp4/api/start).`;
  throw new BoxcarError("bad_duration", message, { parameter: name });
}
