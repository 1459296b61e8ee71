import { createRoute } from "@hono/zod-openapi";
import { BoxcarError } from "../../base/errors.ts";
import { checkStreamPath, encodeStreamPath } from "../../base/stream-path.ts";
import { Manifest, type LiveManifest, type ManifestOptions } from "../../deliver/dash.ts";
import { streamFolder } from "../../deliver/media-names.ts";
import type { App, AppContext } from "../context.ts";
import { atTimes, shared, shareParameters, shareReply, signedLinkParameters, wantsLink } from "../time-ranges/share.ts";
import { need } from "../middleware/access.ts";
import { atOnce } from "../middleware/limits.ts";
import { refused } from "../replies/replies.ts";
import { fileParameter, query, spanning } from "../schema/parameters.ts";
import * as z from "../schema/zod.ts";
import {
  askedStream,
  divide,
  mediaQuery,
  playlistParameters,
  queryOf,
  sharedTimes,
  tracksOf,
  type AskedStream,
} from "./asked-stream.ts";
import { oncePlayable } from "./on-growth.ts";
import { sendPlaylist } from "./send-playlist.ts";

/** Renditions by the parameter that asks for them. */
const renditions: Readonly<Record<string, ManifestOptions["tracks"]>> = {
  split: ["v", "a"],
  video: ["v"],
  audio: ["a"],
};

const route = createRoute({
  method: "get",
  path: `/mp4/dash/{file}${spanning}`,
  summary: "Stream a time range by DASH",
  description:
    "`{streamPath}/manifest.mpd` is the manifest of a range. It names the init and media segments that HLS has, with picture and " +
    "sound apart; each stretch without a gap or change is a period. That of a stream that is being recorded is dynamic.",
  middleware: [need("read", (c) => splitManifest(c.req.param("file") ?? "")), atOnce("downloads")] as const,
  request: {
    params: fileParameter("Stream path and `manifest.mpd`.", "live/cam1/manifest.mpd"),
    query: query({
      ...playlistParameters,
      tracks: z.enum(["split", "video", "audio"], "expected split, video or audio").default("split").openapi({
        description: "Picture and sound (`split`), or one of them.",
      }),
      ...shareParameters,
      ...signedLinkParameters,
    }),
  },
  responses: {
    200: {
      description: "The manifest; with `share=1` a signed link to it.",
      content: { ...shared, "application/dash+xml": { schema: z.string() } },
    },
    304: { description: "The client has it already." },
    ...refused,
  },
});

/** `GET, HEAD /mp4/dash/{streamPath}/manifest.mpd`. */
export function addDash(app: App, context: AppContext): void {
  app.openapi(route, async (c) => {
    const streamPath = splitManifest(c.req.valid("param").file);
    const query = c.req.valid("query");
    if (wantsLink(query)) {
      const times = sharedTimes(await askedStream(context, streamPath, query), query);
      return shareReply(c, context, query, atTimes(c, `/mp4/dash/${encodeStreamPath(streamPath)}/manifest.mpd`, times));
    }
    return oncePlayable(c, context, streamPath, async () => {
      const asked = await askedStream(context, streamPath, query);
      const clock = query.captions === "clock" ? ` ${asked.captions.offsetMinutes}` : "";
      const name = `dash ${query.tracks}${clock}`;
      const sent = { name, contentType: "application/dash+xml", expires: query.expires };
      return sendPlaylist(c, context, asked, sent, async () => {
        const live = liveManifest(context, asked);
        const tracks = renditions[query.tracks] ?? [];
        const { gaps, lengthMs: usualMs } = asked;
        const captions = query.captions === "clock" ? asked.captions : undefined;
        const options = { tracks, usualMs, folder: streamFolder(streamPath), live, gaps, captions };
        const manifest = new Manifest({ ...options, sha256: context.sha256 });
        const write = async function* (): AsyncGenerator<string, void, undefined> {
          const extent = { fromMs: manifest.fromMs, toMs: manifest.toMs, tracks: query.tracks };
          yield* manifest.text(await mediaQuery(c, context, streamPath, extent, query.expires));
        };
        const made = await divide(c, context, queryOf(asked, tracksOf(query.tracks)), { sink: manifest, write });
        // One that tells the time is made anew for each.
        return live === undefined ? made : { ...made, version: undefined };
      });
    });
  });
}

function liveManifest({ clock, liveNumbers }: AppContext, asked: AskedStream): LiveManifest | undefined {
  const { streamPath, live, windowMs, low, lengthMs, same } = asked;
  if (!live && windowMs === undefined) return undefined;
  const name = JSON.stringify([streamPath, same, lengthMs]);
  const originOf = (first: number): number => liveNumbers.originOf(name, first);
  return { nowMs: clock(), windowMs, over: !live, low: live && low, originOf };
}

function splitManifest(path: string): string {
  const [, streamPath] = /^(.+)\/manifest\.mpd$/s.exec(path) ?? [];
  if (streamPath !== undefined) return checkStreamPath(streamPath);
  const message = "There is no such manifest. GET /mp4/dash/{streamPath}/manifest.mpd has that of a stream.";
  throw new BoxcarError("unknown_media", message);
}
