import type { Catalog } from "../../catalog/catalog.ts";
import type { Store } from "../../base/ports.ts";

/** What reconciling works on. */
export interface ReconcileParts {
  readonly catalog: Catalog;
  readonly store: Store;
  /** Public files on this machine's disk. */
  readonly publicFiles?: Store | undefined;
  /** Removes temporary files of the store that were last written before a moment (ms since 1970); counts them. */
  readonly sweep?: (beforeMs: number) => Promise<number>;
}

/** How far reconciling goes. */
export interface ReconcileOptions {
  readonly nowMs: number;
  /** Silence after which an upload is given up; see `UPLOAD_LEASE_MS`, the default. */
  readonly pendingGraceMs?: number;
  /** How long the object of a deleted segment stays, for downloads that are under way. Default: ten minutes. */
  readonly tombstoneGraceMs?: number;
  /** Compares every ready segment with its object, and every object below `prefix` with the catalog. Default: false. */
  readonly verify?: boolean;
  /** Where the objects of segments lie. Default: `segments/`. */
  readonly prefix?: string;
  /** Removes objects that no segment names, instead of reporting them. Needs `verify`. Default: false. */
  readonly removeOrphans?: boolean;
  /** Ends the work between two steps. */
  readonly signal?: AbortSignal;
}

/** One thing that was settled, or that needs someone's attention. */
export interface Finding {
  readonly kind:
    /** Settled: an upload that did not end; its object and row are gone. */
    | "upload_removed"
    /** Settled: a file whose upload did not end; its object and row are gone. */
    | "file_removed"
    /** Settled: the object and the row of a deleted segment are gone. */
    | "deletion_finished"
    /** Settled: files a crash left under temporary names are gone. */
    | "temporary_removed"
    /** Settled: an object that no segment names is gone. */
    | "orphan_removed"
    /** An object that no segment names. */
    | "orphan"
    /** A segment whose object does not exist. */
    | "object_missing"
    /** A segment whose object is not the one that was indexed. */
    | "object_changed"
    /** The store failed; the same is tried next time. */
    | "store_failed";
  readonly key?: string;
  readonly segmentId?: number;
  /** How many, where it is not one. */
  readonly count?: number;
  /** Why the store failed. */
  readonly message?: string;
}
