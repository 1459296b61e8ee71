import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Upload } from "../../catalog/upload-rows.ts";
import { inPublicFolder, inStore } from "../../intake/files/destinations.ts";
import { storeOf } from "../../intake/files/receive-file.ts";
import { receiveForm, type IncomingForm } from "../../intake/files/receive-form.ts";
import { BoxcarError } from "../../base/errors.ts";
import { need } from "../middleware/access.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { atOnce, memoryOf } from "../middleware/limits.ts";
import { integer, lenient } from "../schema/parameters.ts";
import { json } from "../replies/replies.ts";
import { checkUploadSize, ofUploadSize } from "../../intake/upload-size.ts";
import { bodyOf } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";
import { chatOk, chatRefused, chatSuccess } from "../replies/envelope.ts";
import { mediaSchema, mediaOf, publicUrl, storedFile, storedFileOf } from "../files/stored-file.ts";

/** Files in one form for the store, at most. */
const MAX_FILES = 20;

const classParameter = integer(0).optional().openapi({
  description: "The front end's number for a group of files; may also stand in the form.",
});

const toStore = createRoute({
  method: "post",
  path: "/api/chat/uploadAliyun",
  middleware: [need("upload"), atOnce("uploads")] as const,
  summary: "Upload files into the store",
  description:
    "A form with up to 20 files in the field `img`. They pass through to the store; all of them are kept, or none. " +
    "What a file is, is told from its bytes: images, audio, video, PDF and Office documents are taken.",
  request: { query: lenient({ imageClassId: classParameter }), ...form("img") },
  responses: { 200: json("The files, in the order of the form.", chatSuccess(z.array(storedFile))), ...chatRefused },
});

const toDisk = createRoute({
  method: "post",
  path: "/api/chat/uploadStreamSingleToServerDiy/{dir}",
  middleware: [need("upload"), atOnce("uploads")] as const,
  summary: "Upload a file onto this machine's disk, to be had under /public/uploads",
  request: {
    params: z.object({ dir: z.string().openapi({ description: "One of `BOXCAR_UPLOAD_FOLDERS`.", example: "chat" }) }),
    query: lenient({ imageClassId: classParameter }),
    ...form("file"),
  },
  responses: {
    200: json("The file.", chatSuccess(z.object({ url: z.string(), media: mediaSchema.optional() }))),
    ...chatRefused,
  },
});

/** `POST /api/chat/uploadAliyun` and `POST /api/chat/uploadStreamSingleToServerDiy/{dir}`. */
export function addUploads(app: App, context: AppContext): void {
  const { config } = context;
  const keys = { clock: context.clock, timeZone: config.timeZone };

  const receive = (
    c: Context<AppEnv>,
    form: Omit<IncomingForm, "contentType" | "body" | "hold">,
  ): Promise<Upload[]> => {
    const request = c.req.raw;
    const contentType = request.headers.get("content-type") ?? "";
    checkUploadSize("form", Number(request.headers.get("content-length") ?? 0), config.maxUpload);
    const body = ofUploadSize("form", bodyOf(request, config.rates.uploads), config.maxUpload);
    return receiveForm(context.uploads, { ...form, contentType, body, hold: memoryOf(c) });
  };

  app.openapi(toStore, async (c) => {
    const { imageClassId } = c.req.valid("query");
    const destination = inStore(config.uploads.prefix, keys);
    const uploads = await receive(c, { field: "img", maxFiles: MAX_FILES, destination, imageClassId });
    const origin = c.get("publicOrigin");
    return c.json(chatOk(uploads.map((upload) => storedFileOf(upload, context, origin))), 200);
  });

  app.openapi(toDisk, async (c) => {
    const { dir } = c.req.valid("param");
    const folder = folderOf(dir);
    if (!config.uploads.folders.map(folderOf).includes(folder)) throw unknownFolder(config.uploads.folders);
    storeOf(context.uploads, "public");
    const { imageClassId } = c.req.valid("query");
    const destination = inPublicFolder(folder, keys);
    // Its front end goes by one URL: of the first file, whatever else the form has.
    const shape = { field: undefined, maxFiles: 1, further: "passed over" } as const;
    const [upload] = await receive(c, { ...shape, destination, imageClassId });
    if (upload === undefined) throw new Error("a form was taken in without a file");
    return c.json(chatOk({ url: publicUrl(upload), ...mediaOf(upload) }), 200);
  });
}

/** `a_b` names the folder `a/b`, as the chat front end has it. */
function folderOf(name: string): string {
  return name
    .split("_")
    .filter((part) => part !== "")
    .join("/");
}

function unknownFolder(known: readonly string[]): BoxcarError {
  const message = `Files cannot be uploaded into this folder. Use one of: ${known.join(", ")} (BOXCAR_UPLOAD_FOLDERS).`;
  return new BoxcarError("unknown_folder", message);
}

interface FormBody {
  readonly body: {
    content: {
      "multipart/form-data": {
        schema: {
          type: "object";
          properties: Record<string, { type: "string" | "integer"; format?: string }>;
          required: string[];
        };
      };
    };
  };
}

/** A form in a route's description. No zod schema: with one, the form would be read as a whole before the handler. */
function form(field: string): FormBody {
  const properties = {
    [field]: { type: "string", format: "binary" },
    imageClassId: { type: "integer" },
    image_class_id: { type: "integer" },
  } as const;
  return {
    body: { content: { "multipart/form-data": { schema: { type: "object", properties, required: [field] } } } },
  };
}
