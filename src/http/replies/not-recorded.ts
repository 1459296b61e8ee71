import type { Context } from "hono";
import { areAlike } from "../../base/alike.ts";
import { BoxcarError } from "../../base/errors.ts";
import { allows } from "../../base/scopes.ts";
import { formatTime } from "../../base/time.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { recordedAround } from "../../recordings/with-growing.ts";
import type { AppEnv } from "../context.ts";
import { readable } from "../middleware/access.ts";

/** Streams that are named to who asked for an unknown one. */
const MOST_NAMED = 3;

/**
 * Says more of a refusal `not_recorded`, to who may read the stream: what is recorded before and after the range, or, where nothing is, which
 * streams are called alike. All other errors stay as they are.
 */
export async function explained(error: unknown, c: Context<AppEnv>, catalog: Catalog): Promise<unknown> {
  if (!(error instanceof BoxcarError) || error.code !== "not_recorded") return error;
  const { streamPath, startTime, endTime } = error.fields;
  const { kind, grants } = c.get("caller");
  // A link shows no more than what it was made for.
  if (typeof streamPath !== "string" || kind === "link" || !allows(grants, "read", streamPath)) return error;
  try {
    const startMs = typeof startTime === "string" ? Date.parse(startTime) : Number.MIN_SAFE_INTEGER;
    const endMs = typeof endTime === "string" ? Date.parse(endTime) : startMs;
    const around = await recordedAround(catalog, streamPath, startMs);
    if (around.beforeMs === undefined && around.afterMs === undefined)
      return withMore(error, await unknownStream(c, catalog, streamPath));
    const { beforeMs = startMs, afterMs = endMs } = around;
    const isHole = beforeMs <= startMs && afterMs >= endMs; // else there is something that is of no use for the call
    return isHole && (startTime ?? endTime) !== undefined ? withMore(error, hole(around)) : error;
  } catch {
    return error; // the catalog does not answer, and what is known already is true
  }
}

interface More {
  readonly sentence: string;
  readonly fields: Readonly<Record<string, string | string[]>>;
}

function withMore({ code, message, fields, cause }: BoxcarError, more: More): BoxcarError {
  return new BoxcarError(code, `${message} ${more.sentence}`, { ...fields, ...more.fields }, cause);
}

function hole({ beforeMs, afterMs }: { readonly beforeMs?: number; readonly afterMs?: number }): More {
  const until = beforeMs === undefined ? undefined : formatTime(beforeMs);
  const from = afterMs === undefined ? undefined : formatTime(afterMs);
  const before = until === undefined ? "before it is nothing" : `before it is something until ${until}`;
  const after = from === undefined ? "after it nothing" : `after it something from ${from} on`;
  return {
    sentence: `This is a hole: ${before}, ${after}.`,
    fields: { ...(until && { recordedUntil: until }), ...(from && { recordedFrom: from }) },
  };
}

async function unknownStream(c: Context<AppEnv>, catalog: Catalog, streamPath: string): Promise<More> {
  const folder = streamPath.slice(0, streamPath.lastIndexOf("/") + 1);
  const near = await catalog.streamsAround(streamPath, readable(c));
  const alike = near.filter((name) => areAlike(name, streamPath));
  const streams = (alike.length > 0 ? alike : near.filter((name) => name.startsWith(folder))).slice(0, MOST_NAMED);
  const others = streams.length === 0 ? "" : ` Streams near it are ${streams.join(", ")}.`;
  return {
    sentence: `There is no stream of that name.${others} GET /mp4/api/catalog shows all that there are.`,
    fields: { streams },
  };
}
