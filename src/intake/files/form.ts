import { BoxcarError } from "../../base/errors.ts";
import { badForm, MultipartReader } from "./multipart-reader.ts";

/** What a form may hold. */
export interface FormShape {
  /** Name of the field that holds files, also as `name[]` and `name[0]`; undefined: any. */
  readonly file: string | undefined;
  /** How many files it may hold. */
  readonly maxFiles: number;
  /** What becomes of further ones. Default: the form is refused. */
  readonly further?: "passed over" | undefined;
}

export type FormPart =
  | { readonly kind: "text"; readonly name: string; readonly value: string }
  | {
      readonly kind: "file";
      /** The sender's name for the file: shown and never trusted. */
      readonly fileName: string;
      /** To be read before the next part is asked for. A chunk is only valid until the next one is asked for. */
      readonly body: AsyncIterable<Uint8Array>;
    };

/** Text fields in one form, at most. */
export const MAX_TEXTS = 20;
/** Bytes of one text field, at most. */
export const MAX_TEXT_SIZE = 8192;

/**
 * Reads a form (`multipart/form-data`, RFC 7578) part by part as it arrives. A file that does not belong is refused before its
 * body is read; one that its sender left empty, without a name, is none in any field.
 * @throws BoxcarError 400 `bad_form`, `unknown_field`, `too_many_parts`, `field_too_large`; 415 `unsupported_body`; and
 *   as `body` does
 */
export async function* readForm(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  shape: FormShape,
): AsyncGenerator<FormPart, void, undefined> {
  if (!/^multipart\/form-data\s*(?:;|$)/i.test(contentType)) {
    const message = `The body must be a form (multipart/form-data) with a file${shape.file === undefined ? "" : ` in the field ${shape.file}`}.`;
    throw new BoxcarError("unsupported_body", message);
  }
  const source = body[Symbol.asyncIterator]();
  try {
    const reader = new MultipartReader(contentType, source);
    const left = { files: shape.maxFiles, texts: MAX_TEXTS };
    for (let header = await reader.nextPart(); header !== undefined; header = await reader.nextPart()) {
      const name = parameterOf(header, "name");
      if (name === undefined) throw badForm("has a part without a name");
      const fileName = parameterOf(header, "filename");
      if (fileName !== undefined || name === shape.file) {
        const file = fileName === "" ? await begun(reader.content()) : reader.content();
        if (file === undefined) continue;
        if (!isFileField(name, shape)) throw unknownField(name, shape);
        if (left.files > 0) left.files--;
        else if (shape.further === "passed over") continue;
        else throw tooMany(shape);
        yield { kind: "file", fileName: fileName ?? "", body: file };
      } else {
        if (left.texts-- === 0) throw tooMany(shape);
        yield { kind: "text", name, value: await textOf(reader.content()) };
      }
    }
  } finally {
    await source.return?.();
  }
}

/**
 * A parameter of a part's `Content-Disposition`, as browsers write it (HTML standard, multipart/form-data): everything
 * up to the next quote, of any script, with quotes and line breaks percent-encoded and nothing else escaped.
 */
function parameterOf(header: string, name: "name" | "filename"): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^\\s;"]+))`, "i").exec(header);
  return match?.[1] ?? match?.[2];
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > MAX_TEXT_SIZE) {
      const message = `A text field may have ${String(MAX_TEXT_SIZE)} bytes. Files go into a field of their own.`;
      throw new BoxcarError("field_too_large", message);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function isFileField(name: string, { file }: FormShape): boolean {
  return file === undefined || name.replace(/\[\d*\]$/, "") === file;
}

/** A content of which the first chunk has come; undefined when there is none. */
async function begun(content: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array> | undefined> {
  const first = await content.next();
  if (first.done === true) return undefined;
  return (async function* () {
    yield first.value;
    yield* content;
  })();
}

function tooMany({ maxFiles }: FormShape): BoxcarError {
  const files = `${String(maxFiles)} file${maxFiles === 1 ? "" : "s"}`;
  const message = `This form may hold at most ${files} and ${String(MAX_TEXTS)} text fields. Send the rest in another one.`;
  return new BoxcarError("too_many_parts", message);
}

function unknownField(name: string, { file = "" }: FormShape): BoxcarError {
  const message = `The form has a file in the field ${JSON.stringify(name.slice(0, 100))}. Files go into the field ${file}.`;
  return new BoxcarError("unknown_field", message);
}
