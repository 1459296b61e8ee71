import type { Store } from "../../base/ports.ts";
import type { OssSettings } from "../../config/store-settings.ts";
import { currentCredentials } from "../remote/credentials.ts";
import { OssPresign } from "./oss-presign.ts";
import { signedHeaders } from "./oss-v4.ts";
import { RemoteStore, type RemoteOptions } from "../remote/remote-store.ts";
import { ossDialect, RestObjects, type RestRequest } from "../remote/rest-objects.ts";
import { sendByFetch, type Answer } from "../remote/send.ts";
import { bucketUrl, sendSigned } from "../remote/send-signed.ts";
import { objectUrl } from "../remote/uri.ts";

/** An OSS bucket without ali-oss: for Cloudflare Workers, where that does not run. */
export function ossFetchStore(settings: OssSettings, options?: RemoteOptions): Store {
  return new RemoteStore(ossObjects(settings, options), options);
}

/** Objects of an OSS bucket by requests of our own. */
export function ossObjects(settings: OssSettings, options?: RemoteOptions): RestObjects {
  const credentials = currentCredentials(settings, options?.credentials);
  const base = bucketUrl(settings.bucket, settings);
  const send = async (request: RestRequest, signal: AbortSignal): Promise<Answer> => {
    const now = { ...settings, credentials: await credentials() };
    const headers = await signedHeaders(now, request, Date.now(), options?.digests);
    const url = objectUrl(base, request.key, request.query);
    return sendSigned(options?.send ?? sendByFetch, url, request, headers, signal);
  };
  return new RestObjects(send, ossDialect, new OssPresign(settings, credentials));
}
