import { sharedSlots } from "../../auth/slots.ts";
import type { Config } from "../../config/config.ts";
import type { Log } from "../../base/ports.ts";
import type { RecordingPlatform } from "../../http/context.ts";
import { PreRollBudget } from "../../record/pre-roll.ts";
import { BelievedTime } from "../../record/believed-time.ts";
import { Recorder } from "../../record/recorder.ts";
import { RemovedTotals } from "../../record/removed-totals.ts";
import { Supervisor } from "../../record/supervisor.ts";
import { Webhooks } from "../../record/webhooks.ts";
import { SourceAllowance } from "../outbound/source-allowance.ts";
import { webhookPost } from "../outbound/webhook-post.ts";
import { ffmpegSources } from "../ffmpeg/live-source.ts";
import { liveSources } from "../rtsp/live-sources.ts";
import { retentionParts, startRetention } from "./retention.ts";
import type { NodeParts } from "./node-parts.ts";

/** What records, while the server runs. */
export interface StartedRecording extends RecordingPlatform {
  /** Begins what should be recorded, and takes up what a crash left in the spool. The catalog must be migrated. */
  begin(): void;
  /** Ends all recordings. What the store does not take within the time stays in the spool for the next start. */
  close(withinMs: number): Promise<void>;
}

/** How often what was set aside is looked through, milliseconds. */
const SWEEP_MS = 3_600_000;

/**
 * How often what a crash left is looked for, milliseconds: on a full disk it cannot be taken up, and a process that has got the
 * number of the one before seems to be that one for a minute.
 */
const RECOVER_MS = 60_000;

/**
 * Prepares recording.
 * @param recoverMs time between two looks for what a crash left
 */
export function startRecording(parts: NodeParts, config: Config, log: Log, recoverMs = RECOVER_MS): StartedRecording {
  const { keyLayout, recording } = config;
  const { fragmentMs, silenceMs, allow, eventBeforeMs, preRollBytes, leaseMs, mostSources, sourceMemory } = recording;
  const memory = { preRoll: new PreRollBudget(preRollBytes), preRollMs: eventBeforeMs };
  const allowance = new SourceAllowance(allow);
  const webhooks = new Webhooks({ ...parts, ...recording.webhooks, log, post: webhookPost(allowance) });
  const { tell } = webhooks;
  const recorder = new Recorder(
    { ...parts, ...memory, log, tell, keyLayout, monotonic: () => performance.now() },
    silenceMs,
  );
  const reader = liveSources(parts.core, allowance, ffmpegSources(allowance, sourceMemory, log), log);
  const believed = new BelievedTime(parts.catalog.leases, () => performance.now());
  const sweep = (): void => {
    const swept = believed.at(parts.clock()).then((nowMs) => parts.spool.sweep(nowMs));
    swept.catch((error: unknown) => {
      log("warn", "what was set aside cannot be removed", { error: String(error) });
    });
  };
  let sweeping: ReturnType<typeof setInterval> | undefined;
  let recovering: ReturnType<typeof setTimeout> | undefined;
  const recover = async (): Promise<void> => {
    await recorder.recover().catch((error: unknown) => {
      log("error", "the spool cannot be read", { error: String(error) });
    });
    if (sweeping !== undefined) recovering = setTimeout(() => void recover(), recoverMs).unref();
  };
  const removed = new RemovedTotals();
  let stopRetention = (): Promise<void> => Promise.resolve();
  const slots = sharedSlots(mostSources, config.access.open);
  const supervisor = new Supervisor({ ...parts, log, recorder, reader, fragmentMs, leaseMs, slots });
  return {
    ...{ recorder, reader, supervisor, tell, removed },
    begin: () => {
      webhooks.start();
      supervisor.start();
      stopRetention = startRetention(retentionParts(parts.catalog, config), parts.clock, believed, log, removed);
      sweep();
      sweeping = setInterval(sweep, SWEEP_MS);
      void recover();
    },
    close: async (withinMs) => {
      clearInterval(sweeping);
      clearTimeout(recovering);
      sweeping = undefined;
      await Promise.all([supervisor.close(), stopRetention()]);
      await recorder.close(withinMs);
      await supervisor.releaseAll();
      await webhooks.close();
      await parts.spool.close();
    },
  };
}
