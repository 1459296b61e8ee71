import { createRoute } from "@hono/zod-openapi";
import type { Selection } from "../catalog/types.ts";
import { bodyLimit } from "hono/body-limit";
import { BoxcarError } from "../errors.ts";
import { parseTimeRange } from "../time.ts";
import { need, streamPathInPath } from "./access.ts";
import type { App, AppPlatform } from "./context.ts";
import { query, streamPathInRoute, streamPathParameter, timeParameters } from "./parameters.ts";
import { json, recordOf, refused, segmentRecord, success } from "./replies.ts";
import * as z from "./zod.ts";

const expectedIds = "expected at most 1000 whole numbers from 1";
const ids = z.array(z.int(expectedIds).min(1, expectedIds), expectedIds).min(1, expectedIds).max(1000, expectedIds);

/** Bytes of a JSON body; a thousand ids fit many times. */
const maxBody = 65_536;

const parameters = query({
  ids: z
    .string("expected once")
    .regex(/^\d{1,16}(,\d{1,16})*$/, "expected ids separated by commas")
    .transform((list) => list.split(",").map(Number))
    .pipe(ids)
    .optional()
    .openapi({ type: "string", description: "Ids separated by commas.", example: "41,42" }),
  ...timeParameters,
});

const route = createRoute({
  method: "post",
  path: `/mp4/api/delete/${streamPathInRoute}`,
  summary: "Delete segments",
  description:
    "Deletes the segments named by `ids`, or every segment that overlaps a time range with both ends. Segments of " +
    "events rated `high` are protected and stay. The parameters may stand in the query or in a JSON body.",
  middleware: [
    need("delete", streamPathInPath),
    bodyLimit({
      maxSize: maxBody,
      onError: () => {
        throw new BoxcarError("too_large", 413, `The body may have at most ${maxBody} bytes.`, { maxBytes: maxBody });
      },
    }),
  ] as const,
  request: {
    params: streamPathParameter(),
    query: parameters,
    body: {
      required: false,
      content: { "application/json": { schema: query({ ids: ids.optional(), ...timeParameters }) } },
    },
  },
  responses: {
    200: json(
      "What was deleted, and what was not because it is protected.",
      success(z.object({ deleted: z.array(segmentRecord), protected: z.array(segmentRecord) })),
    ),
    ...refused,
  },
});

/** `POST /mp4/api/delete/{streamPath}`. */
export function addDelete(app: App, platform: AppPlatform): void {
  app.openapi(route, async (c) => {
    const { streamPath } = c.req.valid("param");
    const fromQuery = c.req.valid("query");
    const fromBody = c.req.valid("json");
    const twice = Object.keys(fromQuery).filter((name) => name in fromBody);
    if (twice.length > 0) throw badSelection(`${twice.join(", ")} stands in the query and in the body. Give it once.`);
    const { ids, ...times } = { ...fromQuery, ...fromBody };
    const range = parseTimeRange(times, platform.config.timeZone, platform.clock());
    const selection = selectionOf(streamPath, ids, range);
    const outcome = await platform.catalog.tombstone(selection, platform.clock());
    const kept = outcome.protected.map(recordOf);
    if (outcome.deleted.length === 0) {
      if (kept.length === 0) {
        const message = `${streamPath} has no such segments. GET /mp4/api/list/${streamPath} lists those it has.`;
        throw new BoxcarError("not_recorded", 404, message, { streamPath });
      }
      const names = kept.map(({ id }) => id).join(", ");
      const message = `Segments ${names} belong to an event of level high and are protected. Nothing was deleted.`;
      throw new BoxcarError("segments_protected", 409, message, { protected: kept });
    }
    const data = { deleted: outcome.deleted.map(recordOf), protected: kept };
    return c.json({ code: 0 as const, message: "", data }, 200);
  });
}

function selectionOf(
  streamPath: string,
  ids: readonly number[] | undefined,
  range: ReturnType<typeof parseTimeRange>,
): Selection {
  if (ids !== undefined && range !== undefined) throw badSelection("Give either ids or times, not both.");
  if (ids !== undefined) return { streamPath, ids };
  if (range?.endMs === undefined)
    throw badSelection("Say what to delete: ids, or a time range with both ends. There is no default.");
  return { streamPath, startMs: range.startMs, endMs: range.endMs };
}

function badSelection(message: string): BoxcarError {
  return new BoxcarError("bad_selection", 400, message);
}
