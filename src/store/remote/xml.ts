/** The little of XML that S3 and OSS answer with: elements without attributes that matter, text, entities. */

/** The contents of every element of a name, in order, as they stand. Elements of one name must not be nested. */
export function elements(xml: string, name: string): string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</${name}\\s*>)`, "g");
  return Array.from(xml.matchAll(pattern), (match) => match[1] ?? "");
}

/** The text of the first element of a name; undefined when there is none. */
export function textOf(xml: string, name: string): string | undefined {
  const [content] = elements(xml, name);
  return content === undefined ? undefined : unescape(content);
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(
    /&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return named[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Text as it stands in an element. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => {
    const name = Object.keys(named).find((key) => named[key] === character);
    return `&${name ?? ""};`;
  });
}
