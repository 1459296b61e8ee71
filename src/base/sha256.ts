import type { Sha256 } from "./ports.ts";

/** WebCrypto's SHA-256, which every runtime has. */
export const webSha256: Sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
