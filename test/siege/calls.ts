/** Every call that the server describes, as a flood asks for it: of a stream that is there, and without a sensible body. */
import { RECORDED_AT } from "../support/recording.ts";

/** A request line's method and target. */
export interface Call {
  readonly method: string;
  readonly target: string;
}

interface Operation {
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema?: { example?: string } }[];
}

/** What no description lists. */
const UNLISTED = ["/", "/docs", "/openapi.json", "/metrics", "/nothing", "/%ff"];
const RANGE: Readonly<Record<string, string>> = { start: String(RECORDED_AT), duration: "5s" };

/** The calls of `/openapi.json`, for `stream` in place of its example. */
export async function callsOf(url: string, stream: string): Promise<Call[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  };
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      target: targetOf(path, operation, stream),
    })),
  );
  return [...described, ...UNLISTED.map((target) => ({ method: "GET", target }))];
}

function targetOf(path: string, { parameters = [] }: Operation, stream: string): string {
  const query = new URLSearchParams();
  let target = path;
  for (const { name, in: where, required = false, schema } of parameters) {
    const example = schema?.example ?? "1";
    if (where === "path") target = target.replace(`{${name}}`, example.replace("live/cam1", stream));
    else if (where !== "query") continue;
    else if (name in RANGE) query.set(name, RANGE[name] ?? "");
    else if (name === "time") query.set(name, String(RECORDED_AT + 500));
    else if (required) query.set(name, example);
  }
  return query.size === 0 ? target : `${target}?${query.toString()}`;
}
