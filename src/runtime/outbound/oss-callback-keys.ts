import { createPublicKey, verify } from "node:crypto";
import { lengthOf } from "../../base/bytes.ts";
import type { OssCallbackKeys } from "../../base/ports.ts";

const TIMEOUT_MS = 5000;
const MAX_BYTES = 16_384;

/** Checks OSS's callbacks where Node's crypto is: Node, Bun and Deno. */
export const ossCallbackKeys: OssCallbackKeys = {
  fetchKey: async (url) => {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      if (lengthOf(chunks) > MAX_BYTES) throw new Error(`${url} answered with more than ${MAX_BYTES} bytes`);
    }
    return Buffer.concat(chunks).toString();
  },
  verify: (publicKey, data, signature) => {
    try {
      return verify("RSA-MD5", data, createPublicKey(publicKey), signature);
    } catch {
      return false;
    }
  },
};
