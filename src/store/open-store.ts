import { BoxcarError } from "../base/errors.ts";
import type { Store } from "../base/ports.ts";
import type { StoreSettings } from "../config/store-settings.ts";

/**
 * The drivers a runtime has, each opening a store from its settings. An entry file lists those it can run, so that a
 * bundle holds no other: `oss` is `ossStore` (ali-oss) on Node, Bun and Deno, and `ossFetchStore` on Workers; `s3Store`
 * runs everywhere; `r2` looks up its binding.
 */
export type StoreDrivers = {
  readonly [Driver in StoreSettings["driver"]]?: (
    settings: Extract<StoreSettings, { driver: Driver }>,
  ) => Store | Promise<Store>;
};

/**
 * Opens the configured store by the runtime's driver for it. Nothing is asked of the store itself.
 * @throws BoxcarError `bad_configuration` (500) when the runtime has no such driver
 */
export async function openStore(settings: StoreSettings, drivers: StoreDrivers): Promise<Store> {
  const open = drivers[settings.driver] as ((settings: StoreSettings) => Store | Promise<Store>) | undefined;
  if (open !== undefined) return open(settings);
  const message = `BOXCAR_STORE: there is no ${settings.driver} store on this runtime; it has ${Object.keys(drivers).join(", ")}.`;
  throw new BoxcarError("bad_configuration", message);
}
