import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Caller } from "../auth/caller.ts";
import type { Links } from "../auth/links.ts";
import type { Release } from "../auth/slots.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { UploadParts } from "../intake/files/receive-file.ts";
import type { Config } from "../config/config.ts";
import type { FairQueue } from "../base/fair-queue.ts";
import type { Pictures } from "../pictures/pictures.ts";
import type { Videos } from "../pictures/videos.ts";
import type {
  Clock,
  Log,
  OpenRemote,
  OssCallbackKeys,
  PictureDecoder,
  SendStream,
  Sha256,
  Store,
} from "../base/ports.ts";
import type { Recorder } from "../record/recorder.ts";
import type { SourceReader } from "../record/source.ts";
import type { Tell } from "../record/webhooks.ts";
import type { RemovedTotals } from "../record/removed-totals.ts";
import type { Supervisor } from "../record/supervisor.ts";
import type { LiveNumbers } from "../deliver/live-numbers.ts";
import type { Planners } from "../recordings/planners.ts";
import type { SharingParts } from "../recordings/plan-range.ts";
import type { Scope } from "../base/scopes.ts";
import type { Core } from "../core/index.ts";
import type { AtOnce } from "./at-once.ts";
import type { Playlists } from "./streaming/playlists.ts";
import type { AppMetrics } from "./app-metrics.ts";

/** A static file of the documentation page. */
export interface Asset {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What records live streams. */
export interface RecordingPlatform {
  readonly recorder: Recorder;
  readonly reader: SourceReader;
  readonly supervisor: Supervisor;
  readonly tell: Tell;
  readonly removed: RemovedTotals;
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
  /** Absent where signatures of OSS cannot be checked. */
  readonly ossCallbackKeys?: OssCallbackKeys | undefined;
  readonly core: Core;
  readonly clock: Clock;
  /** Absent where only WebCrypto has it. */
  readonly sha256?: Sha256 | undefined;
  /** Compresses bytes (RFC 1952), not on the thread. Absent where the runtime compresses replies by itself: on Workers. */
  readonly gzip?: ((bytes: Uint8Array) => Promise<Uint8Array>) | undefined;
  readonly log: Log;
  /** A fresh name each time: letters, digits and dashes, at least 64 bits of chance. */
  readonly randomId: () => string;
  readonly sendStream: SendStream;
  /** Absent where the runtime cannot start ffmpeg: then there are no pictures. */
  readonly decoder?: PictureDecoder | undefined;
  /** Absent where the runtime cannot choose the address a connection goes to: then videos of other hosts are refused. */
  readonly openRemote?: OpenRemote | undefined;
  /** Absent where nothing can be recorded: on Workers. */
  readonly recording?: RecordingPlatform | undefined;
  /**
   * Address of the other end of a request's connection. Absent: the runtime does not tell, and all clients count as one.
   * @param env what the runtime handed to the app with the request
   */
  readonly peerAddress?: (env: unknown, request: Request) => string | undefined;
  /**
   * A static file of the build, `page/NAME` or `swagger-ui/NAME`; undefined when there is none of that name. Behind the name, `.br` or `.gz`:
   * the same compressed; undefined where it is not kept so.
   */
  readonly asset: (path: string) => Promise<Asset | undefined>;
}

/** What routes work with: the platform, and what the app keeps between requests. */
export interface AppContext extends AppPlatform {
  readonly planners: Planners;
  readonly planning: SharingParts;
  readonly playlists: Playlists;
  readonly liveNumbers: LiveNumbers;
  readonly pictures: Pictures;
  /** In turn, videos of other hosts are read. */
  readonly remotes: FairQueue;
  readonly videos: Videos;
  readonly uploads: UploadParts;
  readonly links: Links;
  readonly slots: AtOnce;
  readonly metrics: AppMetrics;
}

/** What is known of a request by the time a route handles it. */
export interface AppEnv {
  Variables: {
    requestId: string;
    /** Address of the client, for logs and limits. */
    client: string;
    /** Scheme and host under which the client reached the server, without a slash at the end. */
    origin: string;
    /** Scheme and host by which replies name the server: `BOXCAR_PUBLIC_URL` where that is set, else `origin`. */
    publicOrigin: string;
    caller: Caller;
    /** Refuses web pages that may not use what callers without credentials may. */
    checkPage: () => void;
    /** What the route's guard asked for. */
    scope?: Scope | undefined;
    /** The stream it asked for. */
    streamPath?: string | undefined;
    /** Whether the handler of a route that guards no certain stream has asked for which the caller has the scope. */
    narrowed?: boolean;
    /** Whether the call hands on a permission, and so is audited although it only reads. */
    handsOn?: boolean;
    /** What middleware has set, for replies that are made without Hono. */
    fields: Headers;
    slots: AtOnce;
    /** Leaves the queue of lists: one that is made does not keep others waiting for as long as its client reads. */
    leaveLists?: Release | undefined;
    /** Gives back the slot that the request holds. */
    release?: Release | undefined;
    /** Counts the memory no longer that the request holds. */
    releaseMemory?: Release | undefined;
    /** Counts the plan no longer that the request holds. */
    releasePlan?: Release | undefined;
    /** What a streamed reply has sent so far; `over` resolves when it is through, however it ended. */
    sent?: { readonly status: number; readonly bytes: number; readonly over: Promise<void> };
  };
}

/** The app while routes are added to it. */
export type App = OpenAPIHono<AppEnv>;
