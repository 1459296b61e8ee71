/** What a schema says of a value that it does not take, as far as it tells what is expected; issues of zod are so. */
interface Issue {
  readonly message: string;
  /** Of `invalid_type`: the name of the type. */
  readonly expected?: unknown;
  /** Of `invalid_value`: those that are taken. */
  readonly values?: readonly unknown[];
}

const names: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "an array",
  object: "an object",
  record: "an object",
};

/** The message of an issue; zod's own, which speak of types of JavaScript, in words for users. */
export function expectedOf({ message, expected, values }: Issue): string {
  if (!message.startsWith("Invalid ")) return message;
  if (values !== undefined) return `expected ${oneOf(values.map(String))}`;
  return typeof expected === "string" && expected in names ? `expected ${String(names[expected])}` : message;
}

function oneOf(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${String(values.at(-1))}`;
}
