import type { AppPlatform } from "../context.ts";
import * as z from "../schema/zod.ts";

/** Each capability, and the port whose presence is what it is. */
const ports = {
  directUpload: ({ store }: AppPlatform) => store.presign,
  pictures: ({ decoder }: AppPlatform) => decoder,
  remoteVideos: ({ openRemote }: AppPlatform) => openRemote,
  publicFiles: ({ publicFiles }: AppPlatform) => publicFiles,
  recording: ({ recording }: AppPlatform) => recording,
} as const;

/** Schema of what `/healthz` says a server can do besides downloads, lists and uploads, which every server can. */
export const capabilities = z
  .object({
    directUpload: z.boolean().openapi({ description: "Uploads may go to the store itself, by presigned requests." }),
    pictures: z.boolean().openapi({ description: "Pictures of videos: snapshots, sprites, screenshots." }),
    remoteVideos: z.boolean().openapi({ description: "Screenshots of videos on other hosts." }),
    publicFiles: z.boolean().openapi({ description: "Files may be uploaded to this machine's disk." }),
    recording: z.boolean().openapi({ description: "Live streams may be recorded." }),
  } satisfies Record<keyof typeof ports, z.ZodBoolean>)
  .openapi("Capabilities");

/**
 * What a server can do, told from the ports that its runtime gave it. A call whose port is missing is refused with
 * BoxcarError `not_available` (501).
 */
export function capabilitiesOf(platform: AppPlatform): z.infer<typeof capabilities> {
  const available = Object.entries(ports).map(([name, port]) => [name, port(platform) !== undefined] as const);
  return Object.fromEntries(available) as z.infer<typeof capabilities>;
}
