import { hex } from "./bytes.ts";
import type { Sha256 } from "./ports.ts";

/** WebCrypto's SHA-256, which every runtime has. */
export const webSha256: Sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** Names bytes by what they are: 128 bits of their SHA-256, hexadecimal. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = await webSha256(new Uint8Array(bytes));
  return hex(digest.subarray(0, 16));
}
