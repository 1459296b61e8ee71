import createFetchClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { paths } from "./paths.ts";

export type { components, paths } from "./paths.ts";

/** The calls of a boxcar server, by method and path, their parameters and replies typed as `/openapi.json` describes them. */
export type BoxcarClient = Client<paths>;

/**
 * A client of a server's HTTP calls. Refusals are returned as `error`, not thrown.
 * @param options.baseUrl of the server, without a slash at the end
 * @param options.headers sent with each call: `{ Authorization: "Bearer …" }` where the server wants a token
 *
 * @example
 * const boxcar = createClient({ baseUrl: "http://127.0.0.1:8080" });
 * const { data, error } = await boxcar.GET("/mp4/api/streams");
 */
export function createClient(options: ClientOptions & { readonly baseUrl: string }): BoxcarClient {
  return createFetchClient<paths>(options);
}
