import * as z from "zod";
import { variable, type ValuesOf } from "./variables.ts";

/** Settings of uploaded files that are no segments. */
export interface UploadConfig {
  /** First part of the keys of files in the store, without slashes at its ends. */
  readonly prefix: string;
  /** Names of the folders that public files may go to. */
  readonly folders: readonly string[];
  /** What stands before a stored file's key in the URL replies give for it; undefined: this server's `/files`. */
  readonly filesUrl: string | undefined;
  /** Whether anyone who knows the URL of a stored file may read it. */
  readonly publicFiles: boolean;
  /** Language of refusals of chat calls, unless a request asks for Chinese. */
  readonly chatLanguage: "en" | "zh";
  /** What the QR code of a group opens behind the front end's URL; begins with `#`. */
  readonly chatPage: string;
  /** Where OSS calls back after an upload by form: `/api/chat/upload/callback` of this server as OSS reaches it. */
  readonly ossCallbackUrl: string | undefined;
}

const name = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}";

export const uploadVariables = {
  BOXCAR_UPLOAD_PREFIX: variable(
    z.string().regex(new RegExp(`^${name}(?:/${name}){0,7}$`), "expected names of letters and digits, with / between"),
    "images",
    "First part of the store keys of uploaded files.",
  ),
  BOXCAR_UPLOAD_FOLDERS: variable(
    z
      .string()
      .regex(new RegExp(`^${name}(?:,${name})*$`), "expected names of letters and digits, with commas between")
      .transform((names) => names.split(",")),
    "chat,chatImgs,chatVideos,avatars",
    "Folders that public files on this machine's disk may go to, with commas between; `a_b` means `a/b`.",
  ),
  BOXCAR_FILES_URL: variable(
    z.union([z.literal(""), z.url({ protocol: /^https?$/, error: "expected an http or https URL" })]),
    "",
    "What stands before the key in the URL of an uploaded file, such as the address of a CDN or of a public bucket. Default: this server's own `/files`.",
  ),
  BOXCAR_FILES_PUBLIC: variable(
    z.enum(["0", "1"], "expected 0 or 1").transform((value) => value === "1"),
    "0",
    "`1`: who knows the URL of an uploaded file needs no token to read it.",
  ),
  BOXCAR_CHAT_LANGUAGE: variable(
    z.enum(["en", "zh"], "expected en or zh"),
    "en",
    "Language of refusals of the chat front end's calls, which people read: `en` or `zh`. `Accept-Language: zh` asks for Chinese, too.",
  ),
  BOXCAR_CHAT_PAGE: variable(
    z.string().regex(/^#/, "expected the part of a URL that begins with #"),
    "#/pages/setpageInfo/setpageInfo?action=autoAddGroup",
    "Page of the chat front end that the QR code of a group opens, when the URL it is asked for with names none.",
  ),
  BOXCAR_OSS_CALLBACK_URL: variable(
    z.union([z.literal(""), z.url({ protocol: /^https?$/, error: "expected an http or https URL" })]),
    "",
    "`/api/chat/upload/callback` of this server as OSS reaches it, to be called after an upload by form.",
  ),
} as const;

/** Puts the values of the variables in their form. */
export function uploadConfigOf(values: ValuesOf<typeof uploadVariables>): UploadConfig {
  return {
    prefix: values.BOXCAR_UPLOAD_PREFIX,
    folders: values.BOXCAR_UPLOAD_FOLDERS,
    filesUrl: values.BOXCAR_FILES_URL === "" ? undefined : values.BOXCAR_FILES_URL.replace(/\/+$/, ""),
    publicFiles: values.BOXCAR_FILES_PUBLIC,
    chatLanguage: values.BOXCAR_CHAT_LANGUAGE,
    chatPage: values.BOXCAR_CHAT_PAGE,
    ossCallbackUrl: values.BOXCAR_OSS_CALLBACK_URL === "" ? undefined : values.BOXCAR_OSS_CALLBACK_URL,
  };
}
