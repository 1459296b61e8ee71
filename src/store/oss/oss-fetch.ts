import type { Store } from "../../base/ports.ts";
import type { OssSettings } from "../../config/store-settings.ts";
import { currentCredentials } from "../remote/credentials.ts";
import { OssPresign } from "./oss-presign.ts";
import { signedHeaders } from "./oss-v4.ts";
import { RemoteStore, type RemoteOptions } from "../remote/remote-store.ts";
import { ossDialect, RestObjects, type RestRequest } from "../remote/rest-objects.ts";
import { bucketUrl, sendSigned } from "../remote/send-signed.ts";
import { encodeKey, encodeQuery } from "../remote/uri.ts";

/** An OSS bucket by signed fetch: for Cloudflare Workers, where ali-oss does not run. */
export function ossFetchStore(settings: OssSettings, options?: RemoteOptions): Store {
  const credentials = currentCredentials(settings, options?.credentials);
  const base = bucketUrl(settings.bucket, settings);
  const send = async (request: RestRequest, signal: AbortSignal): Promise<Response> => {
    const now = { ...settings, credentials: await credentials() };
    const headers = await signedHeaders(now, request, Date.now());
    const search = encodeQuery(request.query);
    const url = `${base}/${encodeKey(request.key)}${search === "" ? "" : `?${search}`}`;
    return sendSigned(url, request, new Headers(headers), signal);
  };
  return new RemoteStore(new RestObjects(send, ossDialect, new OssPresign(settings, credentials)), options);
}
