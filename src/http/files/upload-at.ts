import type { Upload, UploadArea } from "../../catalog/upload-rows.ts";
import { BoxcarError } from "../../base/errors.ts";
import { storeOf } from "../../intake/files/receive-file.ts";
import type { AppContext } from "../context.ts";

/** @throws BoxcarError `unknown_file` (404), `not_available` (501) */
export async function uploadAt({ uploads, catalog }: AppContext, area: UploadArea, key: string): Promise<Upload> {
  storeOf(uploads, area);
  const upload = await catalog.uploads.find(area, key);
  if (upload !== undefined) return upload;
  throw new BoxcarError("unknown_file", "No file was uploaded under this name. Take the URL from the upload's reply.");
}
