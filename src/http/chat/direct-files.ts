import { createRoute } from "@hono/zod-openapi";
import { inStore } from "../../intake/files/destinations.ts";
import { checkUploadSize } from "../../intake/upload-size.ts";
import { announceDirectFile, completeDirectFile } from "../../intake/direct/direct-file.ts";
import { OssCallbacks } from "../../intake/direct/oss-callback.ts";
import { base64 } from "../../base/base64.ts";
import { BoxcarError, sentenceOf } from "../../base/errors.ts";
import type { SignedRequest } from "../../base/ports.ts";
import { anyone, need } from "../middleware/access.ts";
import { atOnce, heldMemory, memoryOf } from "../middleware/limits.ts";
import type { App, AppContext } from "../context.ts";
import { json } from "../replies/replies.ts";
import { smallBody } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";
import { chatOk, chatRefused, chatSuccess } from "../replies/envelope.ts";
import { storedFile, storedFileOf } from "../files/stored-file.ts";

const signed = z.object({
  method: z.enum(["GET", "PUT", "POST"]),
  url: z.string(),
  fields: z.record(z.string(), z.string()).openapi({
    description:
      "Header fields of the PUT; fields of the form, which stand before its field `file`. Send them exactly so.",
  }),
});

const presign = createRoute({
  method: "post",
  path: "/api/chat/upload/presign",
  summary: "Announce a file that the client will send to the store itself",
  middleware: [need("upload"), smallBody] as const,
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.strictObject({
            size: z.int().min(1).openapi({ description: "Bytes, exactly.", example: 48_213 }),
            contentType: z.string().max(200).openapi({ example: "video/mp4" }),
            imageClassId: z.int().min(0).default(0),
          }),
        },
      },
    },
  },
  responses: {
    200: json(
      "Where to send it. Afterwards call /api/chat/upload/complete with `path`, unless OSS calls back.",
      chatSuccess(
        z.object({
          path: z.string(),
          expires: z.int().openapi({ description: "Seconds since 1970." }),
          put: signed,
          form: signed.optional().openapi({ description: "The same as a form, where the store takes forms." }),
        }),
      ),
    ),
    ...chatRefused,
  },
});

const complete = createRoute({
  method: "post",
  path: "/api/chat/upload/complete",
  summary: "Take over a file that was sent to the store",
  middleware: [need("upload"), smallBody, atOnce("uploads")] as const,
  request: {
    body: {
      required: true,
      content: { "application/json": { schema: z.strictObject({ path: z.string().max(1023) }) } },
    },
  },
  responses: { 200: json("The file.", chatSuccess(storedFile)), ...chatRefused },
});

/** OSS wants the answer to its call within 5 s; the client is told that the upload failed otherwise. */
const CALLBACK_MS = 3500;

/** Where OSS calls. It signs its requests in the `Authorization` field, in a form of its own. */
export const ossCallbackPath = "/api/chat/upload/callback";

const callback = createRoute({
  method: "post",
  path: ossCallbackPath,
  summary: "What OSS calls after an upload by form",
  description:
    "Signed by OSS. The file is looked at in the store; nothing the body says of it is believed but its name.",
  middleware: [anyone, smallBody] as const,
  // The query belongs to the URL that was configured, and is signed with it.
  responses: {
    200: json(
      "The file; or `pending`, when it is still being looked at. Then `/api/chat/upload/complete` waits for it.",
      chatSuccess(z.union([storedFile, z.object({ path: z.string(), pending: z.literal(true) })])),
    ),
    ...chatRefused,
  },
});

/** `POST /api/chat/upload/presign`, `/complete` and `/callback`. */
export function addDirectFiles(app: App, context: AppContext): void {
  const { config, clock, log } = context;
  app.openapi(presign, async (c) => {
    const announced = c.req.valid("json");
    checkUploadSize("file", announced.size, config.maxUpload);
    const destination = inStore(config.uploads.prefix, { clock, timeZone: config.timeZone });
    const { key, put, form } = await announceDirectFile(context.uploads, announced, destination);
    const data = {
      path: key,
      expires: Math.floor(put.expiresMs / 1000),
      put: requestOf(put),
      ...(form === undefined ? {} : { form: withCallback(requestOf(form), config.uploads.ossCallbackUrl) }),
    };
    return c.json(chatOk(data), 200);
  });

  app.openapi(complete, async (c) => {
    const upload = await completeDirectFile(context.uploads, c.req.valid("json").path, memoryOf(c));
    return c.json(chatOk(storedFileOf(upload, context, c.get("publicOrigin"))), 200);
  });

  const callbacks = context.ossCallbackKeys && new OssCallbacks(context.ossCallbackKeys, clock);
  app.openapi(callback, async (c) => {
    if (callbacks === undefined)
      throw new BoxcarError("not_available", "This server cannot check OSS. Use POST /api/chat/upload/complete.");
    const body = new Uint8Array(await c.req.arrayBuffer());
    const { pathname, search } = new URL(c.req.url);
    const fields = { authorization: c.req.header("authorization"), keyUrl: c.req.header("x-oss-pub-key-url") };
    await callbacks.check({ path: pathname, query: search, body, ...fields });
    c.set("caller", { kind: "oss", name: "OSS", id: "OSS", grants: [] });
    const key = new URLSearchParams(new TextDecoder().decode(body)).get("object") ?? "";
    const { hold, release } = heldMemory(c);
    const completed = completeDirectFile(context.uploads, key, hold).finally(release);
    const upload = await within(CALLBACK_MS, completed);
    if (upload !== undefined) return c.json(chatOk(storedFileOf(upload, context, c.get("publicOrigin"))), 200);
    completed.catch((error: unknown) => {
      log("warn", "file not taken over", { key, requestId: c.get("requestId"), reason: sentenceOf(error, false) });
    });
    return c.json(chatOk({ path: key, pending: true as const }), 200);
  });
}

/** What a promise gives, or undefined when it takes longer. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function requestOf({ method, url, fields }: SignedRequest): z.infer<typeof signed> {
  return { method, url, fields: { ...fields } };
}

/** The form with the field that has OSS call back once the file is there; OSS passes the answer on to the client. */
function withCallback(form: z.infer<typeof signed>, callbackUrl: string | undefined): z.infer<typeof signed> {
  if (callbackUrl === undefined) return form;
  const parameters = {
    callbackUrl,
    callbackBody: "object=${object}",
    callbackBodyType: "application/x-www-form-urlencoded",
    // Without the name in the handshake a server of many names shows OSS another certificate.
    ...(callbackUrl.startsWith("https:") ? { callbackSNI: true } : {}),
  };
  return {
    ...form,
    fields: { ...form.fields, callback: base64(new TextEncoder().encode(JSON.stringify(parameters))) },
  };
}
