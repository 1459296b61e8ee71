import { planSegments, type Core, type SegmentSource, type SegmentsRange } from "../core/index.ts";

/** How an output is made of files. Default: all of them, `mp4`, `frame`, `skip`. */
export interface OutputOptions extends Partial<Pick<SegmentsRange, "startMs" | "endMs" | "cut" | "gaps">> {
  readonly format?: "mp4" | "fmp4";
}

/** A file that is made of others. */
export interface FileOutput {
  /** Bytes. */
  readonly size: number;
  /** Wall clock of what it shows, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** The bytes of the file, made as they are read: `new Response(output.stream()).blob()`, or into a file that the user chose. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** No ETags are needed, and WebCrypto is missing on pages without TLS. */
export const unnamed = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(32));

/** Cuts and joins files, without encoding anything again. @throws BoxcarError as `planSegments` does */
export async function outputOf(
  core: Core,
  sources: readonly SegmentSource[],
  { format, ...range }: SegmentsRange & Pick<Required<OutputOptions>, "format">,
): Promise<FileOutput> {
  const plan = await planSegments({ core, sha256: unnamed }, sources, range);
  const media = plan.media(format);
  const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> => {
    const chunks = media.read({ offset: 0, length: media.size })[Symbol.asyncIterator]();
    return new ReadableStream({
      async pull(controller) {
        const step = await chunks.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value.slice()); // a chunk is only valid until the next one is asked for
      },
      cancel: () => chunks.return?.().then(() => undefined),
    });
  };
  return { size: media.size, startMs: plan.startMs, endMs: plan.endMs, stream };
}
