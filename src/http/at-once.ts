import { sharedSlots, Slots } from "../auth/slots.ts";
import { FairQueue } from "../base/fair-queue.ts";
import type { AccessConfig } from "../config/access-config.ts";
import type { PlanConfig } from "../config/plan-config.ts";

/** Pictures that may wait to be made, in all and of one client. */
const waitingPictures = { waiting: 400, waitingPerClient: 100 };
/**
 * Lists that are made at once, and those of them of one client. Most of the
 * time they wait for the catalog: few at once would answer late when that is far away, or gone.
 */
const listsAtOnce = 64;
const listsOfClient = 16;
/** Lists that may wait, in all and of one client. */
export const waitingLists = { waiting: 1000, waitingPerClient: 100 };
/**
 * Bytes of replies that are made and not taken yet, of which one client has a quarter: as many as the largest page of sources or
 * events takes, whose texts are long.
 */
const MOST_REPLY_BYTES = 128 << 20;
/** Videos of other hosts that are open at once for their pictures. */
const remotesAtOnce = 8;

/** What may run at once. */
export interface AtOnce {
  readonly downloads: Slots;
  readonly uploads: Slots;
  /** Bytes of memory that uploads keep what is not whole in. */
  readonly uploadBytes: Slots;
  /** Bytes of the plans of downloads. */
  readonly plans: Slots;
  /** Bytes of replies that are made and not taken yet, small ones left out. */
  readonly replyBytes: Slots;
  /** Pages of lists. */
  readonly lists: FairQueue;
}

/** Where an app runs, as `AppPlatform` has it. */
interface Runtime {
  readonly runtime: string;
}

/**
 * Whether a request may wait for the end of another one. workerd ends one that waits for nothing else: it takes it for hung, and a turn
 * that comes then would be lost for good.
 */
export function mayWait({ runtime }: Runtime): boolean {
  return runtime !== "worker";
}

/** Nobody waits. */
const none = { waiting: 0, waitingPerClient: 0 };

/** Counts what runs at once in one app. */
export function slotsOf(
  { open, downloadsAtOnce, uploadsAtOnce, uploadMemory }: AccessConfig,
  { planMemory }: PlanConfig,
  { runtime }: Runtime,
): AtOnce {
  const slots = (limit: number): Slots => sharedSlots(limit, open);
  const memory = (bytes: number): Slots => new Slots(bytes, open ? bytes : bytes / 2);
  const [plans, uploadBytes] = [memory(planMemory), memory(uploadMemory)];
  const wait = mayWait({ runtime }) ? waitingLists : none;
  const lists = new FairQueue({ atOnce: listsAtOnce, perClient: open ? listsAtOnce : listsOfClient, ...wait });
  const replyBytes = slots(MOST_REPLY_BYTES);
  return { downloads: slots(downloadsAtOnce), uploads: slots(uploadsAtOnce), uploadBytes, plans, replyBytes, lists };
}

/** The queue of pictures: one client never has all decoders, unless the server has only that one. */
export function pictureQueue({ open }: AccessConfig, decoders: number): FairQueue {
  const perClient = open ? decoders : Math.max(1, decoders - 1);
  return new FairQueue({ atOnce: decoders, perClient, ...waitingPictures });
}

/** The queue of QR codes: each takes the thread that serves all, so that there is one at a time, where others may wait for it. */
export function qrQueue(platform: Runtime): FairQueue {
  if (mayWait(platform)) return new FairQueue({ atOnce: 1, perClient: 1, ...waitingPictures });
  return new FairQueue({ atOnce: listsAtOnce, perClient: listsOfClient, ...none });
}

/** The queue of videos of other hosts. */
export function remoteQueue({ open }: AccessConfig): FairQueue {
  return new FairQueue({
    atOnce: remotesAtOnce,
    perClient: open ? remotesAtOnce : remotesAtOnce / 2,
    ...waitingPictures,
  });
}
