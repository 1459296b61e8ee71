/**
 * The server as an app of Web requests, for whoever brings catalog, store and runtime: `boxcar/node` brings all of them.
 *
 * @example
 * const app = createApp({ ...parts, runtime: "node", config: readConfig(env), log, sendStream, asset });
 * const response = await app.fetch(new Request("http://localhost/healthz"));
 */
export { createApp } from "./app.ts";
export type { App, AppEnv, AppPlatform, Asset } from "./context.ts";
export { readConfig, type Config } from "../config/config.ts";
export type * from "../base/ports.ts";
