/**
 * The corpus files that cannot be used, and the refusal each must get. All others must be indexed exactly.
 * A name ending in `*` stands for every file that starts so.
 */
export const REFUSALS: Readonly<Record<string, string>> = {
  // pieces of a stream without the init segment that describes them
  "androidx/cmaf/multi-segment/*": "missing_box",
  "androidx/dash/multi-segment-with-emsg0/segment_1.m4s": "missing_box",
  "androidx/dash/multi-track/chunk-stream0-00001.m4s": "missing_box",
  "androidx/dash/webvtt-in-mp4-multiple-segments/text2.m4s": "missing_box",
  "androidx/dash/webvtt-in-mp4-multiple-segments/text4.m4s": "missing_box",
  "androidx/dash/webvtt-in-mp4-multiple-segments/video1.m4s": "missing_box",
  "androidx/dash/webvtt-in-mp4-multiple-segments/video2.m4s": "missing_box",
  "androidx/dash/webvtt-in-mp4-multiple-segments/video3.m4s": "missing_box",
  "androidx/mp4/sample_fragmented_sideloaded_track.mp4": "missing_box",
  "mp4-rust/tests/samples/minimal_fragment.m4s": "missing_box",
  // init segments alone
  "androidx/dash/multi-segment-with-emsg0/segment_init.mp4": "no_samples",
  "androidx/dash/multi-track/init-stream0.m4s": "no_samples",
  "androidx/dash/webvtt-in-mp4-multiple-segments/text_init.mp4": "no_samples",
  "androidx/dash/webvtt-in-mp4-multiple-segments/video_init.mp4": "no_samples",
  "go-mp4/testdata/sample_init.enca.mp4": "no_samples",
  "go-mp4/testdata/sample_init.encv.mp4": "no_samples",
  "mp4-rust/tests/samples/minimal_init.mp4": "no_samples",
  "mp4parse-rust/mp4parse_capi/tests/bipbop_audioinit.mp4": "no_samples",
  "mp4parse-rust/mp4parse/tests/bipbop*": "no_samples",
  // the sample tables of a file whose media was cut away
  "go-mp4/testdata/sample_qt.mp4": "outside_file",
  "mp4parse-rust/mp4parse_capi/tests/bipbop_nonfragment_header.mp4": "outside_file",
  "mp4parse-rust/mp4parse/tests/invalid_userdata.mp4": "outside_file",
  // samples outside media data: an inserted box moved it, or a header was edited by hand
  "androidx/mp4/sample_fragmented_uuid.mp4": "outside_file",
  "mp4parse-rust/mp4parse_capi/tests/opus_audioinit_two_desc.mp4": "outside_file",
  // broken on purpose
  "androidx/mp4/sample_missing_stsd.mp4": "bad_description",
  "mp4parse-rust/mp4parse_capi/tests/chunk_out_of_range.mp4": "bad_table",
  "mp4parse-rust/mp4parse_capi/tests/no_timescale.mp4": "missing_box",
  "mp4parse-rust/mp4parse_capi/tests/zero_empty_stsc.mp4": "bad_table",
  "mp4parse-rust/mp4parse/tests/clusterfuzz-testcase-minimized-mp4-6093954524250112": "metadata_too_large",
  "mp4parse-rust/mp4parse/tests/test_case_1185230.mp4": "duplicate_box",
};

/** Files no other implementation at hand lists the samples of (xHE-AAC): indexed, but not judged. */
export const UNJUDGED = ["mp4parse-rust/mp4parse/tests/sine-3s-xhe-aac-44khz-mono.mp4"];

/** The refusal a file must get; undefined: it must be indexed. */
export function refusalOf(name: string): string | undefined {
  const found = Object.entries(REFUSALS).find(([known]) =>
    known.endsWith("*") ? name.startsWith(known.slice(0, -1)) : name === known,
  );
  return found?.[1];
}
