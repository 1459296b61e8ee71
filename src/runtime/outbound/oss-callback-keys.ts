import { createPublicKey, verify } from "node:crypto";
import { textWithin } from "../../base/bytes.ts";
import type { OssCallbackKeys } from "../../base/ports.ts";

const TIMEOUT_MS = 5000;
const MAX_BYTES = 16_384;

/** Checks OSS's callbacks where Node's crypto is: Node, Bun and Deno. */
export const ossCallbackKeys: OssCallbackKeys = {
  fetchKey: async (url) => {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
    return textWithin(response.body, MAX_BYTES, () => new Error(`${url} answered with more than ${MAX_BYTES} bytes`));
  },
  verify: (publicKey, data, signature) => {
    try {
      return verify("RSA-MD5", data, createPublicKey(publicKey), signature);
    } catch {
      return false;
    }
  },
};
