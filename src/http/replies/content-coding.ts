/** Whether `Accept-Encoding` (RFC 9110 section 12.5.3) names a coding, other than to refuse it. */
export function acceptsCoding(header: string | undefined, coding: string): boolean {
  return (header ?? "").split(",").some((part) => {
    const [name = "", ...parameters] = part.trim().toLowerCase().split(";");
    return name.trim() === coding && !parameters.some((one) => /^\s*q=0(\.0*)?\s*$/.test(one));
  });
}
