import { anyStream, type Grant } from "../scopes.ts";

/** Who sends a request, and what that allows. */
export interface Caller {
  /**
   * How the caller is known: `local` is anyone on a server without secrets, `guest` anyone on one with them; `oss` is
   * OSS, by a callback that it signed.
   */
  readonly kind: "local" | "guest" | "token" | "jwt" | "link" | "oss";
  /** Name for the log: of the token, or the subject of the JWT. Never a secret. */
  readonly name: string;
  readonly grants: readonly Grant[];
}

/** May do everything. */
export const everything: readonly Grant[] = [{ scope: "admin", pattern: anyStream }];
