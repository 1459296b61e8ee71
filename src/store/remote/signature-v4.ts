import { hex } from "../../base/bytes.ts";
import { hmacOf, type Digests } from "./digests.ts";

/** A kind of Signature Version 4: what AWS and OSS name differently. */
export interface SignatureScheme {
  readonly algorithm: string;
  /** Stands before the secret in the first key. */
  readonly secretPrefix: string;
  readonly service: string;
  /** Ends the scope, and makes the last key. */
  readonly terminator: string;
}

/** What a signature is good for. */
export interface SigningScope {
  readonly region: string;
  /** As `isoBasic` writes it. */
  readonly date: string;
}

/** `20260131T120000Z`. @param ms milliseconds since 1970 */
export function isoBasic(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** The scope as credentials and signed texts state it. */
export function scopeText({ service, terminator }: SignatureScheme, { region, date }: SigningScope): string {
  return `${date.slice(0, 8)}/${region}/${service}/${terminator}`;
}

/** The key that signs within a scope. */
export function signingKey(
  { secretPrefix, service, terminator }: SignatureScheme,
  secret: string,
  { region, date }: SigningScope,
  digests: Digests,
): Promise<Uint8Array<ArrayBuffer>> {
  return hmacOf(digests, secretPrefix + secret, date.slice(0, 8), region, service, terminator);
}

/** The signature of a canonical request, hexadecimal. */
export async function signatureOf(
  scheme: SignatureScheme,
  secret: string,
  scope: SigningScope,
  canonical: string,
  digests: Digests,
): Promise<string> {
  const digest = hex(await digests.sha256(new TextEncoder().encode(canonical)));
  const text = [scheme.algorithm, scope.date, scopeText(scheme, scope), digest].join("\n");
  return hex(await hmacOf(digests, await signingKey(scheme, secret, scope, digests), text));
}
