import { createRoute } from "@hono/zod-openapi";
import { MOST_TOLD } from "../../catalog/delete-segments.ts";
import type { Selection } from "../../catalog/types.ts";
import { BoxcarError } from "../../base/errors.ts";
import { parseTimeRange } from "../../base/time-range.ts";
import { need, streamPathInPath } from "../middleware/access.ts";
import type { App, AppPlatform } from "../context.ts";
import { apiPrefixes, lenient, streamPathInRoute, streamPathParameter, timeParameters } from "../schema/parameters.ts";
import { done, json, recordOf, refused, segmentRecord, success } from "../replies/replies.ts";
import { bodyParameters, smallBody } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";

const expectedIds = "expected at most 1000 whole numbers from 1";
const id = z.union(
  [
    z.int(),
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number),
  ],
  expectedIds,
);
const ids = z
  .preprocess((given) => (typeof given === "string" ? given.split(",") : given), z.array(id, expectedIds))
  .refine((list) => list.length > 0 && list.length <= 1000 && list.every((each) => each >= 1), expectedIds)
  .optional()
  .openapi({ type: "array", items: { type: "integer" }, description: "In a query with commas between them." });

const parameters = lenient({
  ids,
  ...timeParameters,
  startTime: timeParameters.start.openapi({ description: "The same as `start`." }),
  endTime: timeParameters.end.openapi({ description: "The same as `end`." }),
  match: z.enum(["contained", "overlapping"], "expected contained or overlapping").optional().openapi({
    description: "Only segments that lie in the time range as a whole (the default), or all that reach into it.",
  }),
});
type Parameters = z.infer<typeof parameters>;

/** Protected segments that the message of a refusal names. */
const MOST_NAMED = 100;

const route = (prefix: (typeof apiPrefixes)[number]) =>
  createRoute({
    method: "post",
    path: `${prefix}/delete/${streamPathInRoute}`,
    hide: prefix !== apiPrefixes[0],
    summary: "Delete segments",
    description:
      "Deletes the segments named by `ids`, else every segment that lies as a whole in a time range with both ends. Segments " +
      "of events rated `high` are protected and stay. The parameters may stand in the query or in a JSON body of any type.",
    middleware: [need("delete", streamPathInPath), smallBody] as const,
    request: {
      params: streamPathParameter(),
      query: parameters,
      body: { required: false, content: { "*/*": { schema: parameters } } },
    },
    responses: {
      200: json(
        `What was deleted, and what was not because it is protected: the first ${MOST_TOLD} of each. \`total\`: how many were deleted.`,
        success(z.array(segmentRecord)).extend({ total: z.int(), protected: z.array(segmentRecord) }),
      ),
      ...refused,
    },
  });

/** `POST /mp4/api/delete/{streamPath}`. */
export function addDelete(app: App, { catalog, clock, config }: AppPlatform): void {
  for (const prefix of apiPrefixes)
    app.openapi(route(prefix), async (c) => {
      const { streamPath } = c.req.valid("param");
      const given = merged(c.req.valid("query"), bodyParameters(await c.req.text(), parameters));
      const selection = selectionOf(streamPath, given, config.timeZone, clock());
      const outcome = await catalog.tombstone(selection, clock());
      const kept = outcome.protected.map(recordOf);
      if (outcome.deleted.length === 0) {
        if (kept.length === 0) throw nothingSelected(selection);
        const names = kept
          .slice(0, MOST_NAMED)
          .map(({ id }) => id)
          .join(", ");
        const others = kept.length > MOST_NAMED ? " and others" : "";
        const message = `Segments ${names}${others} belong to an event of level high and are protected. Nothing was deleted.`;
        throw new BoxcarError("segments_protected", message, { protected: kept });
      }
      return c.json({ ...done(outcome.deleted.map(recordOf)), total: outcome.total, protected: kept }, 200);
    });
}

function merged(query: Parameters, body: Parameters): Parameters {
  const stated = ([, value]: [string, unknown]): boolean => value !== undefined;
  const [inQuery, inBody] = [query, body].map((given): [string, unknown][] => Object.entries(given).filter(stated));
  const both = new Map([...(inQuery ?? []), ...(inBody ?? [])]);
  const twice = (inBody ?? []).filter(([name]) => inQuery?.some(([other]) => other === name));
  if (twice.length > 0) {
    const names = twice.map(([name]) => name).join(", ");
    throw badSelection(`${names} stands in the query and in the body. Give it once.`);
  }
  return Object.fromEntries(both);
}

/** Ids win over times, as clients of other servers expect. */
function selectionOf(
  streamPath: string,
  { ids, match = "contained", startTime, endTime, ...times }: Parameters,
  timeZone: string,
  nowMs: number,
): Selection {
  if (ids !== undefined) return { streamPath, ids };
  if ((times.start ?? startTime) !== (startTime ?? times.start) || (times.end ?? endTime) !== (endTime ?? times.end))
    throw badSelection("startTime and start, or endTime and end, say different times. Give one of them.");
  const named = { start: times.start ?? startTime, end: times.end ?? endTime };
  const range = parseTimeRange({ ...times, ...named }, timeZone, nowMs);
  if (range?.startMs === undefined || range.endMs === undefined)
    throw badSelection("Say what to delete: ids, or a time range with both ends. There is no default.");
  return { streamPath, startMs: range.startMs, endMs: range.endMs, match };
}

function nothingSelected(selection: Selection): BoxcarError {
  const { streamPath } = selection;
  const hint =
    "match" in selection && selection.match === "contained"
      ? " A range takes segments that lie in it as a whole; match=overlapping takes all that reach into it."
      : "";
  const message = `${streamPath} has no such segments. GET /mp4/api/list/${streamPath} lists those it has.${hint}`;
  return new BoxcarError("not_recorded", message, { streamPath });
}

function badSelection(message: string): BoxcarError {
  return new BoxcarError("bad_selection", message);
}
