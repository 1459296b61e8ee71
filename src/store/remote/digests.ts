import type { Sha256 } from "../../base/ports.ts";
import { webSha256 } from "../../base/sha256.ts";

/** What signatures are made with: at once where the runtime can, since a thread of WebCrypto takes longer than the digest. */
export interface Digests {
  readonly sha256: Sha256;
  /** HMAC with SHA-256. */
  hmac(key: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>): Digest | Promise<Digest>;
}

type Digest = Uint8Array<ArrayBuffer>;

/** By WebCrypto, on every runtime. */
export const webDigests: Digests = {
  sha256: webSha256,
  hmac: async (key, bytes) => {
    const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes));
  },
};

const utf8 = new TextEncoder();

/** The HMAC of texts one after another, each with the one before as its key. */
export async function hmacOf(
  digests: Digests,
  key: string | Uint8Array<ArrayBuffer>,
  ...texts: readonly string[]
): Promise<Uint8Array<ArrayBuffer>> {
  let digest: Uint8Array<ArrayBuffer> = typeof key === "string" ? utf8.encode(key) : key;
  for (const text of texts) digest = await digests.hmac(digest, utf8.encode(text));
  return digest;
}
