import { nextTurn } from "../../base/breather.ts";
import { createRoute } from "@hono/zod-openapi";
import { BoxcarError } from "../../base/errors.ts";
import type { FairQueue, Turn } from "../../base/fair-queue.ts";
import { afterWaiting } from "../../pictures/in-turn.ts";
import type { QrOptions } from "../../pictures/qr-code.ts";
import { need } from "../middleware/access.ts";
import type { App, AppContext } from "../context.ts";
import { qrQueue } from "../at-once.ts";
import { turnOf } from "../middleware/limits.ts";
import { integer, lenient, query } from "../schema/parameters.ts";
import { signedLinkParameters } from "../time-ranges/share.ts";
import * as z from "../schema/zod.ts";
import { chatRefused } from "../replies/envelope.ts";

const shape = {
  size: integer(32, 2048).default(300).openapi({ description: "Pixels a side at most; whole pixels a module." }),
};
const pictures = {
  "image/png": { schema: z.string().openapi({ format: "binary" }) },
  "image/svg+xml": { schema: z.string() },
};
const responses = { 200: { description: "The QR code.", content: pictures }, ...chatRefused };

const textRoute = createRoute({
  method: "get",
  path: "/api/chat/qrcode",
  summary: "The QR code of a text",
  middleware: need("read"),
  request: {
    query: query({
      text: z.string("expected once").openapi({ description: "At most 2048 bytes of UTF-8.", example: "https://…" }),
      ...shape,
      type: z.enum(["png", "svg"], "expected png or svg").default("png"),
      ...signedLinkParameters,
    }),
  },
  responses,
});

const cardRoute = createRoute({
  method: "get",
  path: "/api/chat/groupQrcode/{id}",
  summary: "The QR code by which a person or a group is found",
  description:
    "With `type=H5` it holds the URL `http`, and `BOXCAR_CHAT_PAGE` unless it names a page behind `#`, with `id` and " +
    "`chatType` in its query; otherwise the JSON `{id, name}`, " +
    "which the app reads.",
  middleware: need("read"),
  request: {
    params: z.object({
      id: z.string().max(64, "expected at most 64 characters").openapi({ description: "Of the person or the group." }),
    }),
    query: lenient({
      chatType: z.enum(["single", "group"], "expected single or group").default("group"),
      type: z.string("expected once").max(16).optional().openapi({ description: "`H5`: a URL for browsers." }),
      http: z.url("expected a URL").max(1024).optional().openapi({ description: "The page that `type=H5` opens." }),
      name: z.string("expected once").max(128, "expected at most 128 characters").default(""),
      token: z.string("expected once").optional().openapi({ description: "A token, where no field can be sent." }),
      ...shape,
    }),
  },
  responses,
});

/** `GET /api/chat/qrcode` and `/api/chat/groupQrcode/{id}`. */
export function addQrCodes(app: App, { config, runtime }: AppContext): void {
  const queue = qrQueue({ runtime });
  app.openapi(textRoute, (c) => {
    const { text, size, type } = c.req.valid("query");
    return reply(queue, turnOf(c), text, { size, type });
  });
  app.openapi(cardRoute, (c) => {
    const { id } = c.req.valid("param");
    const { chatType, type, http, name, size } = c.req.valid("query");
    const draw = (text: string): Promise<Response> => reply(queue, turnOf(c), text, { size, type: "png" });
    if (type !== "H5") return draw(asciiJson({ id: /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id, name }));
    if (http === undefined) {
      const message = "type=H5 needs http: the URL of the page that the code opens.";
      throw new BoxcarError("bad_parameter", message, { parameters: ["http"] });
    }
    return draw(pageUrl(http.includes("#") ? http : http + config.uploads.chatPage, { id, chatType }));
  });
}

/** JSON without characters beyond ASCII: scanners guess a code's encoding, and at short names they guess wrong. */
function asciiJson(value: Readonly<Record<string, string | number>>): string {
  const escaped = (unit: string): string => String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, "0");
  return JSON.stringify(value).replace(/[^ -~]/g, escaped); // without the flag u: one code unit at a time
}

/** The page's URL with further query fields. Pages of single-page apps live behind the `#`, their query too. */
function pageUrl(page: string, fields: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(fields).toString();
  const [, path = "", hash = ""] = /^([^#]*)(#.*)?$/s.exec(page) ?? [];
  const target = hash === "" ? path : hash;
  const joined = `${target}${target.includes("?") ? "&" : "?"}${query}`;
  return hash === "" ? joined : path + joined;
}

async function reply(queue: FairQueue, turn: Turn, text: string, options: QrOptions): Promise<Response> {
  const { qrCode } = await import("../../pictures/qr-code.ts"); // no part of the start
  const { contentType, bytes } = await afterWaiting(queue, turn, async () => {
    await nextTurn(); // requests that came meanwhile go first
    return qrCode(text, options);
  });
  const headers = {
    "Content-Type": contentType,
    "Content-Length": String(bytes.length),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store", // the text may be a signed link
    // An SVG opened by itself is a document: it may run nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  };
  return new Response(new Uint8Array(bytes), { headers });
}
