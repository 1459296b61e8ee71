import type { Grant } from "../base/scopes.ts";

/** Who sends a request, and what that allows. */
export interface Caller {
  /**
   * How the caller is known: `local` is anyone on a server without secrets, `guest` anyone on one with them; `oss` is
   * OSS, by a callback that it signed.
   */
  readonly kind: "local" | "guest" | "token" | "jwt" | "link" | "oss";
  /** Name for the log: of the token, or the subject of the JWT. Never a secret, and not always the only one of its name. */
  readonly name: string;
  /** Who it is among all of its kind: what belongs to one caller, and is counted for one, goes by kind and id. */
  readonly id: string;
  readonly grants: readonly Grant[];
}

/** To whom what a caller begins belongs: the same token, or subject of a JWT; all guests are one. */
export function ownerOf({ kind, id }: Caller): string {
  return `${kind} ${id}`;
}
