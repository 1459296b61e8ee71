import type { Metrics } from "../../base/metrics.ts";
import type { Clock } from "../../base/ports.ts";
import type { RecordingPlatform } from "../context.ts";
import type { Recording } from "../../record/recording.ts";

/** What is told of each recording that runs, by `stream`, and of what retention has removed, also by `reason`. */
export function addRecordingMetrics(all: Metrics, { recorder, removed }: RecordingPlatform, clock: Clock): void {
  const each = (read: (recording: Recording) => number | undefined) => () =>
    recorder.recordings.flatMap((recording) => {
      const value = recording.endedMs === undefined ? read(recording) : undefined;
      return value === undefined ? [] : [[{ stream: recording.options.streamPath }, value] as const];
    });
  const states = (): (readonly [{ state: string }, number])[] => {
    const counts = new Map<string, number>();
    for (const { state } of recorder.recordings) counts.set(state, (counts.get(state) ?? 0) + 1);
    return [...counts].map(([state, count]) => [{ state }, count]);
  };
  all.series("boxcar_recordings", "gauge", "Recordings by state, also of those that have ended lately.", states);
  all.series(
    ...(["boxcar_recording_up", "gauge", "1 while a recording's source sends, 0 while it is connected anew."] as const),
    each(({ state }) => (state === "recording" || state === "standby" ? 1 : 0)),
  );
  all.series(
    ...(["boxcar_recording_bytes_total", "counter", "Bytes that a recording has received."] as const),
    each(({ bytes }) => bytes),
  );
  all.series(
    ...(["boxcar_recording_segments_total", "counter", "Segments that a recording has begun."] as const),
    each(({ segments }) => segments),
  );
  all.series(
    ...(["boxcar_recording_connections_total", "counter", "Connections that a recording has had."] as const),
    each(({ connections }) => connections),
  );
  all.series(
    ...(["boxcar_recording_keeping", "gauge", "Segments of a recording on their way into the store."] as const),
    each(({ keeping }) => keeping),
  );
  all.series(
    ...([
      "boxcar_recording_set_aside_total",
      "counter",
      "Segments of a recording that were refused for good.",
    ] as const),
    each(({ setAside }) => setAside),
  );
  all.series(
    ...(["boxcar_recording_dropped_total", "counter", "Parts of a recording that could not be written."] as const),
    each(({ dropped }) => dropped),
  );
  all.series(
    ...([
      "boxcar_recording_bits_per_second",
      "gauge",
      "What a recording receives, over ten seconds of media.",
    ] as const),
    each(({ flow }) => flow.bitrate),
  );
  all.series(
    ...([
      "boxcar_recording_frames_per_second",
      "gauge",
      "Pictures of a recording, over ten seconds of media.",
    ] as const),
    each(({ flow }) => flow.frameRate),
  );
  all.series(
    ...([
      "boxcar_recording_drift_seconds",
      "gauge",
      "By how much a recording's time lags behind the clock's.",
    ] as const),
    each(({ driftMs }) => (driftMs === undefined ? undefined : driftMs / 1000)),
  );
  all.series(
    ...(["boxcar_recording_last_sync_age_seconds", "gauge", "Time since the last sync sample was captured."] as const),
    each(({ lastSyncMs }) => (lastSyncMs === undefined ? undefined : Math.max(0, (clock() - lastSyncMs) / 1000))),
  );
  const reasons = (count: "segments" | "bytes") => () =>
    Array.from(removed.all, (total) => [{ stream: total.streamPath, reason: total.reason }, total[count]] as const);
  all.series(
    ...(["boxcar_retention_segments_total", "counter", "Segments that retention has removed here."] as const),
    reasons("segments"),
  );
  all.series(...(["boxcar_retention_bytes_total", "counter", "Bytes of those segments."] as const), reasons("bytes"));
}
