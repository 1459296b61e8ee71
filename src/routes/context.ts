import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Caller } from "../auth/caller.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { UploadParts } from "../chat/receive-file.ts";
import type { Config } from "../config.ts";
import type { Pictures } from "../pictures/pictures.ts";
import type { Clock, Log, OpenRemote, PictureDecoder, SendStream, Store } from "../platform.ts";
import type { PlanParts } from "../plan/plan-range.ts";
import type { Core } from "../wasm/module.ts";

/** A static file of the documentation page. */
export interface Asset {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Everything the app needs from the runtime it is started in. */
export interface AppPlatform {
  /** What runs the app; shown by `/healthz`, never decided by. */
  readonly runtime: "node" | "bun" | "deno" | "worker";
  readonly config: Config;
  readonly catalog: Catalog;
  readonly store: Store;
  /** Public files on this machine's disk; absent where there is no disk. */
  readonly publicFiles?: Store | undefined;
  readonly core: Core;
  readonly clock: Clock;
  readonly log: Log;
  /** A fresh name each time: letters, digits and dashes, at least 64 bits of chance. */
  readonly randomId: () => string;
  readonly sendStream: SendStream;
  /** Absent where the runtime cannot start ffmpeg: then there are no pictures. */
  readonly decoder?: PictureDecoder | undefined;
  /** Absent where the runtime cannot choose the address a connection goes to: then videos of other hosts are refused. */
  readonly openRemote?: OpenRemote | undefined;
  /** A file of swagger-ui-dist by its name, or undefined when there is none of that name. */
  readonly asset: (name: string) => Promise<Asset | undefined>;
}

/** What routes work with: the platform, and what the app keeps between requests. */
export interface AppContext extends AppPlatform {
  readonly planning: PlanParts & Required<Pick<PlanParts, "indexes">>;
  readonly pictures: Pictures;
  readonly uploads: UploadParts;
}

/** What is known of a request by the time a route handles it. */
export interface AppEnv {
  Variables: {
    requestId: string;
    caller: Caller;
  };
}

/** The app while routes are added to it. */
export type App = OpenAPIHono<AppEnv>;
