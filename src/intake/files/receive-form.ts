import type { Upload } from "../../catalog/upload-rows.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { HoldMemory } from "../../base/ports.ts";
import { readForm } from "./form.ts";
import { Receiver, type Destination, type UploadParts } from "./receive-file.ts";

/** A form on its way in. */
export interface IncomingForm {
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Told of the memory that the metadata of its files takes. */
  readonly hold?: HoldMemory | undefined;
  /** Name of the field that holds files; undefined: any. */
  readonly field: string | undefined;
  readonly maxFiles: number;
  /** What becomes of further ones. Default: the form is refused. */
  readonly further?: "passed over" | undefined;
  readonly destination: Destination;
  /** The class that the URL names, if it does. */
  readonly imageClassId: number | undefined;
}

const CLASS_FIELDS = ["imageClassId", "image_class_id"];

/**
 * Takes in the files of a form: all of them, or none.
 * @returns at least one, in the order of the form
 * @throws BoxcarError `no_file` (400), `bad_parameter` (400), and as `readForm` and `Receiver` do
 */
export async function receiveForm(parts: UploadParts, form: IncomingForm): Promise<Upload[]> {
  const receiver = new Receiver(parts);
  try {
    let { imageClassId } = form;
    const shape = { file: form.field, maxFiles: form.maxFiles, further: form.further };
    for await (const part of readForm(form.contentType, form.body, shape)) {
      if (part.kind === "file") await receiver.receive({ ...part, hold: form.hold }, form.destination);
      else if (CLASS_FIELDS.includes(part.name) && part.value !== "")
        imageClassId = agreed(imageClassId, classIdOf(part.value), part.name);
    }
    if (receiver.count === 0) {
      const field = form.field === undefined ? "" : ` Put one into its field ${form.field}.`;
      const message = `The form has no file.${field}`;
      throw new BoxcarError("no_file", message);
    }
    return await receiver.finish(imageClassId ?? 0);
  } catch (error) {
    await receiver.undo();
    throw error;
  }
}

/** Reads the number of a class. @throws BoxcarError `bad_parameter` (400) */
export function classIdOf(text: string): number {
  const id = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(id)) return id;
  throw badClass("imageClassId: expected a whole number from 0 on.");
}

function agreed(known: number | undefined, id: number, name: string): number {
  if (known === undefined || known === id) return id;
  throw badClass(`${name}: the request names two classes, ${String(known)} and ${String(id)}.`);
}

function badClass(message: string): BoxcarError {
  return new BoxcarError("bad_parameter", message, { parameters: ["imageClassId"] });
}
