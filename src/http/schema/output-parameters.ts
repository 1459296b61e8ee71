import * as z from "./zod.ts";

/** Parameters that say what a download of a time range is to be like; the sizes of a timeline depend on them. */
export const outputParameters = {
  cut: z.enum(["frame", "keyframe"], "expected frame or keyframe").default("frame").openapi({
    description: "Start exactly at the start (`frame`), or at the sync sample at or before it (`keyframe`).",
  }),
  gaps: z.enum(["skip", "keep"], "expected skip or keep").default("skip").openapi({
    description: "Close gaps (`skip`), or hold the last frame for their length (`keep`).",
  }),
  changes: z.enum(["inband", "entries"], "expected inband or entries").default("inband").openapi({
    description: "Put changed parameter sets in-band, or into further sample descriptions (`entries`).",
  }),
  sound: z.enum(["keep", "none"], "expected keep or none").default("keep").openapi({
    description: "Keep the sound in step by silent samples where it is missing (`keep`), or leave such holes (`none`).",
  }),
  edits: z
    .enum(["list", "none"], "expected list or none")
    .default("list")
    .openapi({
      description:
        "Hide what is only decoded by edit lists (`list`), or do without (`none`): for players by Media Source Extensions, " +
        "which then start at 0 and show all of the cut.",
    }),
  tag: z.enum(["hvc1", "hev1"], "expected hvc1 or hev1").optional().openapi({
    description: "Name of the sample entries of H.265; default: as recorded. Apple's players want `hvc1`.",
  }),
};
