import { createRoute } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { Upload, UploadArea } from "../../catalog/upload-rows.ts";
import { mayShow } from "../../intake/files/file-kind.ts";
import { storeOf } from "../../intake/files/receive-file.ts";
import { keptFile } from "../replies/cache-control.ts";
import { fileDisposition } from "../replies/file-name.ts";
import { sendMedia } from "../replies/send-media.ts";
import { storedMedia } from "../replies/stored-media.ts";
import { encodeStreamPath } from "../../base/stream-path.ts";
import { anyone, need } from "../middleware/access.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { atOnce, turnOf } from "../middleware/limits.ts";
import { query, spanning } from "../schema/parameters.ts";
import { sendSmall } from "../replies/small-reply.ts";
import { refused } from "../replies/replies.ts";
import { shared, shareParameters, shareReply, signedLinkParameters, wantsLink } from "../time-ranges/share.ts";
import { streamReply } from "../replies/stream-reply.ts";
import { resourcePolicy } from "../middleware/web-pages.ts";
import { processed } from "../files/uploaded-picture.ts";
import { uploadAt } from "../files/upload-at.ts";
import * as z from "../schema/zod.ts";

const content = { "*/*": { schema: z.string().openapi({ format: "binary" }) } };
const parameters = query({
  "x-oss-process": z.string("expected once").max(256, "expected at most 256 characters").optional().openapi({
    description: "A picture of a video, as Aliyun OSS makes it: `t`, `w`, `h`, `m_fast`, `f`, `ar`.",
    example: "video/snapshot,t_1000,f_jpg,w_800,h_0,m_fast",
  }),
  ...shareParameters,
  ...signedLinkParameters,
});

const responses = {
  200: { description: "The file; with `share=1` a signed link to it.", content: { ...shared, ...content } },
  206: { description: "The ranges of it that were asked for.", content },
  302: { description: "The store itself makes the picture, there." },
  304: { description: "The client has it already." },
  ...refused,
};

/** `GET, HEAD /files/{key}` and `/public/uploads/{key}`: uploaded files, and nothing else of their stores. */
export function addFiles(app: App, context: AppContext): void {
  const serve = (path: string, summary: string, area: UploadArea, guard: MiddlewareHandler<AppEnv>): void => {
    const route = createRoute({
      method: "get",
      path,
      summary,
      middleware: [guard, atOnce("downloads")] as const,
      request: { params: z.object({ key: z.string() }), query: parameters },
      responses,
    });
    app.openapi(route, async (c) => {
      const upload = await uploadAt(context, area, c.req.valid("param").key);
      const asked = c.req.valid("query");
      if (wantsLink(asked)) {
        const same = { path: path.replace(`{key}${spanning}`, encodeStreamPath(upload.key)) };
        return shareReply(c, context, asked, { ...same, query: { "x-oss-process": asked["x-oss-process"] } });
      }
      const headers = fileHeaders(upload, guard === anyone);
      const { "x-oss-process": process } = asked;
      if (process !== undefined) {
        const made = await processed(context, upload, process, turnOf(c));
        if ("location" in made) return redirect(made.location);
        const kept = ["Cache-Control", resourcePolicy].flatMap((name) => {
          const value = headers.get(name);
          return value === null ? [] : [[name, value] as const];
        });
        return sendSmall(c, made, Object.fromEntries(kept));
      }
      headers.set("X-Request-Id", c.get("requestId"));
      const media = storedMedia(storeOf(context.uploads, area), upload);
      return sendMedia(c.req.raw, media, headers, streamReply(c, context), c.env);
    });
  };
  const guard = context.config.uploads.publicFiles ? anyone : need("read");
  serve(`/files/{key}${spanning}`, "An uploaded file", "store", guard);
  serve(`/public/uploads/{key}${spanning}`, "An uploaded file on this machine's disk", "public", anyone);
}

/** To a signed URL of the store, which expires. */
function redirect(location: string): Response {
  return new Response(null, { status: 302, headers: { Location: location, "Cache-Control": "no-store" } });
}

/** A file never changes under its name. What a browser would run is only ever saved, and nothing may run in its name. */
function fileHeaders({ contentType, key }: Upload, isPublic: boolean): Headers {
  return new Headers({
    "Content-Type": contentType,
    "Content-Disposition": fileDisposition(key.slice(key.lastIndexOf("/") + 1), mayShow(contentType)),
    "Content-Security-Policy": "default-src 'none'; sandbox",
    ...(isPublic ? { [resourcePolicy]: "cross-origin" } : {}),
    "Cache-Control": keptFile(isPublic),
  });
}
