/**
 * zod, with the `openapi` method that describes a schema in `/openapi.json`. Import it as `* as z`, so that a bundler
 * can leave out what is not used.
 */
import "@hono/zod-openapi";
export * from "zod";
