/** Bodies of forms as the chat front end's platforms write them, byte for byte. */

/** A part of a form. */
export interface FormField {
  readonly name: string;
  readonly value: string | Uint8Array;
  /** Makes it a file. Written as it is: platforms differ in what they escape. */
  readonly fileName?: string;
  readonly type?: string;
}

/** A body and the `Content-Type` it is sent with. */
export interface Form {
  readonly contentType: string;
  readonly body: Buffer<ArrayBuffer>;
}

/** How a platform writes forms. */
export interface FormStyle {
  readonly boundary: string;
  /** Lines of a part's header. */
  readonly header: (field: FormField) => string[];
  /** What stands before the boundary in the type of the body. */
  readonly parameters?: string;
  /** What stands before the first boundary and after the last. */
  readonly before?: string;
  readonly after?: string;
}

const disposition = ({ name, fileName }: FormField): string =>
  `Content-Disposition: form-data; name="${name}"${fileName === undefined ? "" : `; filename="${fileName}"`}`;

/** What each platform sends. */
export const styles = {
  /** Chrome and H5 (`FormData`): no type on text, a type on every file. */
  chrome: {
    boundary: "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    header: (field) => [
      disposition(field),
      ...(field.fileName === undefined ? [] : [`Content-Type: ${field.type ?? "application/octet-stream"}`]),
    ],
    after: "\r\n",
  },
  /** `wx.uploadFile`: a type and an encoding on text, too; a boundary of digits. */
  wechat: {
    boundary: "--------------------------123456789012345678901234",
    header: (field) => [
      disposition(field),
      ...(field.fileName === undefined
        ? ["Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: 8bit"]
        : [`Content-Type: ${field.type ?? "image/jpeg"}`]),
    ],
    after: "\r\n",
  },
  /** `uni.uploadFile` in an Android app (okhttp): lengths of the parts, a UUID as boundary. */
  android: {
    boundary: "c6d2b1c5-2f43-4c0e-9b9b-0a5d0c6b7f10",
    header: (field) => [
      disposition(field),
      ...(field.type === undefined ? [] : [`Content-Type: ${field.type}`]),
      `Content-Length: ${Buffer.byteLength(field.value)}`,
    ],
    after: "\r\n",
  },
  /** `uni.uploadFile` in an iOS app (AFNetworking): a boundary with a plus; a line break after the end is missing. */
  ios: {
    boundary: "Boundary+0A1B2C3D4E5F6071",
    header: (field) => [
      disposition(field),
      ...(field.fileName === undefined ? [] : [`Content-Type: ${field.type ?? "image/jpg"}`]),
    ],
  },
  /** What RFC 2046 allows and nobody should choke on: a charset, text before and after, lower-case names, unquoted values. */
  odd: {
    boundary: "a-b--",
    header: ({ name, fileName }) => [
      `content-disposition:form-data;name=${name}${fileName === undefined ? "" : `;filename="${fileName}"`}`,
    ],
    parameters: "charset=utf-8; ",
    before: "This is a message with several parts.\r\n",
    after: "\r\nThis is what stands after it.\r\n",
  },
} satisfies Record<string, FormStyle>;

/** Writes a form in a platform's style. */
export function writeForm(fields: readonly FormField[], style: FormStyle = styles.chrome): Form {
  const parts: (string | Uint8Array)[] = [style.before ?? ""];
  for (const field of fields)
    parts.push(`--${style.boundary}\r\n${style.header(field).join("\r\n")}\r\n\r\n`, field.value, "\r\n");
  parts.push(`--${style.boundary}--${style.after ?? ""}`);
  const parameters = style.parameters ?? "";
  const quoted = /[^\w'+.-]/.test(style.boundary) ? `"${style.boundary}"` : style.boundary;
  return {
    contentType: `multipart/form-data; ${parameters}boundary=${quoted}`,
    body: Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part))),
  };
}

/** The smallest PNG: one pixel. */
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
