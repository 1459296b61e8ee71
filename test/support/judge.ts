/** Judges a cut against the segments it was made of, by what ffprobe and ffmpeg see in the files. */
import { decodeErrors, packets, type Packet, type PacketTrack } from "./oracle.ts";
import type { RecordedSegment } from "./recording.ts";

/** A sample of a source file on the wall clock. */
export interface SourceSample extends Packet {
  /** Seconds since 1970 at which it is presented. */
  readonly wall: number;
}

const probed = new Map<string, Promise<readonly [edited: PacketTrack[], plain: PacketTrack[]]>>();

/** Both listings of a file; fixtures never change, so each is probed once. */
function probe(file: string): Promise<readonly [edited: PacketTrack[], plain: PacketTrack[]]> {
  const known = probed.get(file) ?? Promise.all([packets(file), packets(file, { edits: false })]);
  probed.set(file, known);
  return known;
}

/** Every sample of a recording by track type, in file order. Tracks are told apart by type: one of each. */
export async function sourceSamples(segments: readonly RecordedSegment[]): Promise<Map<string, SourceSample[]>> {
  const source = new Map<string, SourceSample[]>();
  for (const segment of segments) {
    const [edited, plain] = await probe(segment.file);
    const tracks = plain
      .map((track, i) => applyEdits(track, edited[i]))
      .filter(({ type }) => type === "video" || type === "audio");
    const reference = tracks.find(({ type }) => type === "video") ?? tracks[0];
    if (reference === undefined) throw new Error(`${segment.file}: no track`);
    const zero = least(reference.packets.filter((packet) => !packet.hidden).map((packet) => packet.pts));
    for (const track of tracks) {
      const list = source.get(track.type) ?? [];
      source.set(track.type, list);
      for (const packet of track.packets) list.push({ ...packet, wall: segment.startMs / 1000 + packet.pts - zero });
    }
  }
  return source;
}

/** All samples of a track at the times its edit list gives them, the hidden ones included. */
function applyEdits(plain: PacketTrack, edited: PacketTrack | undefined): PacketTrack {
  const shown = new Map(edited?.packets.map((packet) => [packet.hash, packet]));
  const known = plain.packets.find((packet) => shown.has(packet.hash));
  const shift = known === undefined ? 0 : (shown.get(known.hash)?.pts ?? known.pts) - known.pts;
  const moved = plain.packets.map((packet) => {
    const same = shown.get(packet.hash);
    return { ...packet, pts: packet.pts + shift, hidden: same === undefined || same.hidden };
  });
  return { ...plain, packets: moved };
}

export interface Cut {
  /** The segments that overlap the range, in order, without gaps between them. */
  readonly segments: readonly RecordedSegment[];
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** The file to judge. */
  readonly output: string;
  readonly cut?: "frame" | "keyframe";
  readonly fragmented?: boolean;
}

/**
 * What is wrong with a cut, one sentence each; empty for a good one. It must hold exactly the source's next samples from
 * the last sync sample at or before the start, each presented within one and a half frames of its source's wall clock,
 * decode times that grow, presentation from start to end, and decode without a complaint.
 */
export async function judgeCut(cut: Cut): Promise<string[]> {
  const [source, shown, plain] = await Promise.all([
    sourceSamples(cut.segments),
    packets(cut.output),
    packets(cut.output, { edits: false }),
  ]);
  const problems: string[] = [];
  const types = shown
    .map(({ type }) => type)
    .sort()
    .join(" ");
  const wanted = [...source.keys()].sort().join(" ");
  if (types !== wanted) problems.push(`tracks are ${types}, the source has ${wanted}`);
  const reference = shown.find(({ type }) => type === "video") ?? shown[0];
  const first = source.get(reference?.type ?? "")?.find(({ hash }) => hash === reference?.packets[0]?.hash);
  const origin = cut.cut === "keyframe" ? (first?.wall ?? Number.NaN) : cut.startMs / 1000;
  for (const [i, track] of shown.entries()) {
    const samples = source.get(track.type);
    const all = plain[i]?.packets ?? [];
    if (samples === undefined || all.length === 0) problems.push(`${track.type}: no samples`);
    else problems.push(...judgeTrack(cut, track, all, samples, origin).map((problem) => `${track.type}: ${problem}`));
  }
  const complaints = await decodeErrors(cut.output);
  if (complaints !== "") problems.push(`decoding complains: ${complaints.slice(0, 300)}`);
  return problems;
}

function judgeTrack(
  cut: Cut,
  track: PacketTrack,
  all: readonly Packet[],
  source: readonly SourceSample[],
  origin: number,
): string[] {
  const problems: string[] = [];
  const [startS, endS] = [cut.startMs / 1000, cut.endMs / 1000];
  const frame = median(source.map(({ duration }) => duration).filter((duration) => duration > 0));
  const from = source.findIndex(({ hash }) => hash === all[0]?.hash);
  if (from < 0) return ["the first sample is not in the source"];
  const wrong = all.findIndex(({ hash }, i) => source[from + i]?.hash !== hash);
  if (wrong >= 0) problems.push(`sample ${wrong} of ${all.length} is not the source's next one`);

  // samples before the edit: ffprobe marks them in progressive files and gives them negative times in fragmented ones
  const visible = track.packets.filter(({ hidden, pts }) => !hidden && !(cut.fragmented === true && pts < -frame / 2));
  const byHash = new Map(source.map((sample) => [sample.hash, sample]));
  const offsets = visible.flatMap(({ hash, pts }) => {
    const sample = byHash.get(hash);
    return sample === undefined ? [] : [pts + origin - sample.wall];
  });
  const worst = offsets.reduce((most, offset) => (Math.abs(offset) > Math.abs(most) ? offset : most), 0);
  if (offsets.length === 0) problems.push("no sample is presented");
  if (Math.abs(worst) > frame * 1.5 + 0.002)
    problems.push(`presented up to ${(worst * 1000).toFixed(1)} ms away from its source's time`);

  if (cut.cut !== "keyframe") {
    const start = least(visible.map(({ pts }) => pts));
    const end = most(visible.map(({ pts, duration }) => pts + duration));
    const lead = Math.max(0, least(source.map(({ wall }) => wall)) - startS);
    const length = Math.min(endS, most(source.map(({ wall, duration }) => wall + duration))) - startS;
    if (Math.abs(start - lead) > frame * 1.5)
      problems.push(`presentation starts at ${start.toFixed(3)} s, wanted ${lead.toFixed(3)} s`);
    if (Math.abs(end - length) > Math.max(frame * 2.5, 0.1) + 0.002)
      problems.push(`presentation ends at ${end.toFixed(3)} s, wanted ${length.toFixed(3)} s`);
  }
  if (track.type === "video") {
    if (all[0]?.sync !== true) problems.push("the first sample is not a sync sample");
    const sync = source.filter(({ sync, wall }) => sync && wall <= startS + 0.0005).at(-1);
    if (sync !== undefined && sync.hash !== all[0]?.hash)
      problems.push("does not start at the last sync sample at or before the start");
  }
  const still = all.findIndex(({ dts }, i) => i > 0 && dts <= (all[i - 1]?.dts ?? -Infinity));
  if (still >= 0) problems.push(`decode time does not grow at sample ${still}`);
  return problems;
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0.04;
