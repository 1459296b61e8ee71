import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import { createApp, readConfig, type AppPlatform } from "../src/http/index.ts";

/** Where the types of the HTTP calls lie. */
export const PATHS = "src/client/paths.ts";

/** The types of the HTTP calls, as `/openapi.json` describes them. */
export async function pathTypes(): Promise<string> {
  // A description needs none of the parts that answer calls.
  const platform: Partial<AppPlatform> = { config: readConfig({}), clock: () => 0, log: () => undefined };
  const [store, catalog] = [{}, {}];
  const app = createApp({ ...platform, store, catalog, randomId: () => "1" } as unknown as AppPlatform);
  const reply = await app.request("http://127.0.0.1/openapi.json");
  const ast = await openapiTS((await reply.json()) as OpenAPI3, { alphabetize: true });
  return `/** The HTTP calls as \`/openapi.json\` describes them, written by \`npm run client\`. */\n${astToString(ast)}`;
}
