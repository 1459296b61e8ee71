/** What the boxes of a file say about time, read by the letter of ISO/IEC 14496-12 and by nothing of boxcar's. */

/** One sample in decode order; ticks of its track. */
export interface TimedSample {
  readonly dts: number;
  readonly duration: number;
  /** Composition offset: presented at media time `dts + offset`. */
  readonly offset: number;
}

export interface TimedTrack {
  readonly id: number;
  readonly handler: string;
  readonly timescale: number;
  /** Of `tkhd`, movie ticks. */
  readonly duration: number;
  /** Of `mdhd`, track ticks. */
  readonly mediaDuration: number;
  /** `elst` entries: movie ticks, track ticks. */
  readonly edits: readonly { readonly duration: number; readonly time: number }[];
  readonly samples: readonly TimedSample[];
  /** `tfdt` of each track fragment, and where the durations of its samples end; none in a progressive file. */
  readonly fragments: readonly { readonly start: number; readonly end: number }[];
}

export interface Timing {
  readonly timescale: number;
  /** Of `mvhd`, movie ticks. */
  readonly duration: number;
  /** Of `mehd`, movie ticks; undefined without one. */
  readonly fragmentDuration: number | undefined;
  readonly tracks: readonly TimedTrack[];
}

interface Box {
  readonly type: string;
  readonly body: DataView;
}

function boxes(view: DataView, skip = 0): Box[] {
  const found: Box[] = [];
  for (let at = skip; at + 8 <= view.byteLength;) {
    const type = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at + 4, 4));
    const small = view.getUint32(at);
    const header = small === 1 ? 16 : 8;
    const size = small === 1 ? Number(view.getBigUint64(at + 8)) : small === 0 ? view.byteLength - at : small;
    found.push({ type, body: new DataView(view.buffer, view.byteOffset + at + header, size - header) });
    at += size;
  }
  return found;
}

function inside(view: DataView, ...path: readonly string[]): DataView | undefined {
  return path.reduce<DataView | undefined>(
    (at, type) => (at === undefined ? undefined : boxes(at).find((box) => box.type === type)?.body),
    view,
  );
}

function need(view: DataView, ...path: readonly string[]): DataView {
  const found = inside(view, ...path);
  if (found === undefined) throw new Error(`no ${path.join("/")}`);
  return found;
}

const version = (view: DataView): number => view.getUint8(0);
const u64 = (view: DataView, at: number): number => Number(view.getBigUint64(at));

/** Reads `moov`, and every `moof` behind it. */
export function timingOf(file: Uint8Array): Timing {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const top = boxes(view);
  const moov = top.find(({ type }) => type === "moov")?.body;
  if (moov === undefined) throw new Error("no moov");
  const mvhd = need(moov, "mvhd");
  const mehd = inside(moov, "mvex", "mehd");
  const moofs = top.filter(({ type }) => type === "moof").map(({ body }) => body);
  const wide = version(mvhd) === 1;
  return {
    timescale: mvhd.getUint32(wide ? 20 : 12),
    duration: wide ? u64(mvhd, 24) : mvhd.getUint32(16),
    fragmentDuration: mehd === undefined ? undefined : version(mehd) === 1 ? u64(mehd, 4) : mehd.getUint32(4),
    tracks: boxes(moov)
      .filter(({ type }) => type === "trak")
      .map(({ body }) => trackOf(body, moofs)),
  };
}

function trackOf(trak: DataView, moofs: readonly DataView[]): TimedTrack {
  const [tkhd, mdhd, hdlr] = [need(trak, "tkhd"), need(trak, "mdia", "mdhd"), need(trak, "mdia", "hdlr")];
  const wide = version(tkhd) === 1;
  const id = tkhd.getUint32(wide ? 20 : 12);
  const fragments = moofs.flatMap((moof) => fragmentsOf(moof, id));
  return {
    id,
    handler: String.fromCharCode(...new Uint8Array(hdlr.buffer, hdlr.byteOffset + 8, 4)),
    timescale: mdhd.getUint32(version(mdhd) === 1 ? 20 : 12),
    duration: wide ? u64(tkhd, 28) : tkhd.getUint32(20),
    mediaDuration: version(mdhd) === 1 ? u64(mdhd, 24) : mdhd.getUint32(16),
    edits: editsOf(inside(trak, "edts", "elst")),
    samples: [...tableSamples(need(trak, "mdia", "minf", "stbl")), ...fragments.flatMap(({ samples }) => samples)],
    fragments: fragments.map(({ start, samples }) => {
      const last = samples.at(-1);
      return { start, end: last === undefined ? start : last.dts + last.duration };
    }),
  };
}

function editsOf(elst: DataView | undefined): { duration: number; time: number }[] {
  if (elst === undefined) return [];
  return Array.from({ length: elst.getUint32(4) }, (_, i) => {
    if (version(elst) === 0) return { duration: elst.getUint32(8 + i * 12), time: elst.getInt32(12 + i * 12) };
    return { duration: u64(elst, 8 + i * 20), time: Number(elst.getBigInt64(16 + i * 20)) };
  });
}

function tableSamples(stbl: DataView): TimedSample[] {
  const [stts, ctts] = [need(stbl, "stts"), inside(stbl, "ctts")];
  const durations = runsOf(stts, false);
  const offsets = ctts === undefined ? [] : runsOf(ctts, version(ctts) === 1);
  let dts = 0;
  return durations.map((duration, i) => {
    dts += duration;
    return { dts: dts - duration, duration, offset: offsets[i] ?? 0 };
  });
}

function runsOf(table: DataView, signed: boolean): number[] {
  return Array.from({ length: table.getUint32(4) }, (_, i) => {
    const value = signed ? table.getInt32(12 + i * 8) : table.getUint32(12 + i * 8);
    return new Array<number>(table.getUint32(8 + i * 8)).fill(value);
  }).flat();
}

function fragmentsOf(moof: DataView, id: number): { start: number; samples: TimedSample[] }[] {
  return boxes(moof)
    .filter(({ type, body }) => type === "traf" && need(body, "tfhd").getUint32(4) === id)
    .map(({ body }) => {
      const [tfhd, tfdt] = [need(body, "tfhd"), need(body, "tfdt")];
      const flags = tfhd.getUint32(0) & 0xff_ffff;
      const at = 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
      const usual = flags & 8 ? tfhd.getUint32(at) : 0;
      const start = version(tfdt) === 1 ? u64(tfdt, 4) : tfdt.getUint32(4);
      const samples: TimedSample[] = [];
      let dts = start;
      for (const { body: trun } of boxes(body).filter(({ type }) => type === "trun")) {
        for (const sample of runSamples(trun, dts, usual)) {
          samples.push(sample);
          dts += sample.duration;
        }
      }
      return { start, samples };
    });
}

function runSamples(trun: DataView, start: number, usual: number): TimedSample[] {
  const flags = trun.getUint32(0) & 0xff_ffff;
  let at = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  let dts = start;
  return Array.from({ length: trun.getUint32(4) }, () => {
    const duration = flags & 0x100 ? trun.getUint32(at) : usual;
    at += (flags & 0x100 ? 4 : 0) + (flags & 0x200 ? 4 : 0) + (flags & 0x400 ? 4 : 0);
    const offset = flags & 0x800 ? (version(trun) === 1 ? trun.getInt32(at) : trun.getUint32(at)) : 0;
    at += flags & 0x800 ? 4 : 0;
    dts += duration;
    return { dts: dts - duration, duration, offset };
  });
}
