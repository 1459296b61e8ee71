import type { Presign, SignedRequest } from "../../base/ports.ts";
import type { OssSettings } from "../../config/store-settings.ts";
import { secondsWithin, type CurrentCredentials } from "../remote/credentials.ts";
import { checkKey } from "../key.ts";
import { signedForm, signedQuery } from "./oss-v4.ts";
import { answeredAs, putFields } from "../remote/presigned-request.ts";
import { ossDialect } from "../remote/rest-objects.ts";
import { bucketUrl } from "../remote/send-signed.ts";
import { objectUrl } from "../remote/uri.ts";

/** OSS takes a form up to 15 minutes after its `x-oss-date`, whatever its policy says. */
const FORM_SECONDS = 900;

/** Signs requests to an OSS bucket for others, on every runtime. */
export class OssPresign implements Presign {
  readonly #settings: OssSettings;
  readonly #credentials: CurrentCredentials;
  readonly #base: string;

  constructor(settings: OssSettings, credentials: CurrentCredentials) {
    this.#settings = settings;
    this.#credentials = credentials;
    this.#base = bucketUrl(settings.bucket, settings.presigned ?? settings);
  }

  put(key: string, object: { size: number; contentType?: string }, seconds: number): Promise<SignedRequest> {
    return this.#sign("PUT", key, {}, putFields(ossDialect, object), seconds);
  }

  get(key: string, seconds: number, contentType?: string): Promise<SignedRequest> {
    return this.#sign("GET", key, answeredAs(contentType), {}, seconds);
  }

  process(key: string, process: string, seconds: number): Promise<SignedRequest> {
    return this.#sign("GET", key, { "x-oss-process": process }, {}, seconds);
  }

  async form(key: string, object: { maxSize: number; contentType?: string }, asked: number): Promise<SignedRequest> {
    checkKey(key);
    const settings = { ...this.#settings, credentials: await this.#credentials() };
    const nowMs = Math.floor(Date.now() / 1000) * 1000; // as `x-oss-date` states it
    const seconds = secondsWithin(settings.credentials, Math.min(asked, FORM_SECONDS), nowMs);
    // Of a form's types OSS takes x-oss-content-type first, then that of the file's part, then Content-Type.
    const { contentType } = object;
    const type = contentType === undefined ? {} : { "content-type": contentType, "x-oss-content-type": contentType };
    const wanted = { key, success_action_status: "200", ...ossDialect.createOnly, ...type };
    const conditions = [{ bucket: this.#settings.bucket }, ["content-length-range", 0, object.maxSize]];
    const fields = await signedForm(settings, wanted, conditions, seconds, nowMs);
    return { method: "POST", url: `${this.#base}/`, fields, expiresMs: nowMs + seconds * 1000 };
  }

  async #sign(
    method: "GET" | "PUT",
    key: string,
    query: Readonly<Record<string, string>>,
    fields: Readonly<Record<string, string>>,
    asked: number,
  ): Promise<SignedRequest> {
    checkKey(key);
    const settings = { ...this.#settings, credentials: await this.#credentials() };
    const nowMs = Date.now();
    const seconds = secondsWithin(settings.credentials, asked, nowMs);
    const signed = await signedQuery(settings, { method, key, query, headers: fields }, seconds, nowMs);
    const url = objectUrl(this.#base, key, signed);
    return { method, url, fields, expiresMs: (Math.floor(nowMs / 1000) + seconds) * 1000 };
  }
}
