/** How generated text is put together. */

/** Longest line of a comment. */
const WIDTH = 118;

/** `FIRST_DTS` for `firstDts`. */
export const constantCase = (name: string): string => name.replace(/([a-z\d])([A-Z])/g, "$1_$2").toUpperCase();
/** With a capital letter and a full stop. */
export const sentence = (text: string): string =>
  text.replace(/^[a-z]/, (first) => first.toUpperCase()).replace(/\w$/, "$&.");
/** Parts in rows. */
export const lines = (parts: readonly string[]): string => parts.join("\n");
/** Parts with empty rows between them. */
export const paragraphs = (parts: readonly string[]): string => parts.join("\n\n");

/** A doc comment, over several lines where one is too short. */
export function comment(text: string): string {
  if (text.length + 8 <= WIDTH) return `/** ${text} */`;
  const rows = [""];
  for (const word of text.split(" ")) {
    if ((rows.at(-1) ?? "").length + word.length > WIDTH - 6) rows.push("");
    rows.push(`${rows.pop() ?? ""} ${word}`);
  }
  return `/**\n${rows.map((row) => ` *${row}`).join("\n")}\n */`;
}
