import { arrived } from "../../base/bytes.ts";
import type { Upload } from "../../catalog/upload-rows.ts";
import { Receiver } from "../../intake/files/receive-file.ts";
import type { Picture } from "../../pictures/pictures.ts";
import type { AppContext } from "../context.ts";

/** Keeps a picture in the store, as an upload that is named by its content: the same picture is kept once. */
export async function keepPicture({ uploads, catalog, config }: AppContext, picture: Picture): Promise<Upload> {
  const { bytes, hash, contentType } = picture;
  const key = `${config.uploads.prefix}/screenshots/${hash}.${contentType === "image/png" ? "png" : "jpg"}`;
  const known = await catalog.uploads.find("store", key);
  if (known !== undefined) return known;
  const receiver = new Receiver(uploads);
  try {
    await receiver.receive(
      { fileName: "", body: arrived(bytes), size: bytes.length },
      { area: "store", keyOf: () => key },
    );
    const [upload] = await receiver.finish(0);
    if (upload === undefined) throw new Error("a picture was taken in without a row");
    return upload;
  } catch (error) {
    await receiver.undo();
    // Another request may have kept it in between: the key belongs to one row.
    const other = await catalog.uploads.find("store", key);
    if (other !== undefined) return other;
    throw error;
  }
}
