import type { CatalogDatabase } from "./database.ts";
import type { Mount } from "./types.ts";

/** Folders whose files are segments where they lie, numbered so that the key of an object can name one. */
export class Mounts {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /** The number of a folder; it is given one when it has none. */
  async numberOf(path: string): Promise<number> {
    const { primary } = this.#db;
    const number = primary
      .insertInto("places")
      .values({ path })
      .onConflict((conflict) => conflict.doNothing());
    const known = primary.selectFrom("places").select("id").where("path", "=", path);
    const [, [row]] = await this.#db.batch([number.compile(), known.compile()]);
    if (row === undefined) throw new Error(`the folder ${path} was given no number`);
    return row.id;
  }

  /** All numbered folders, by number. */
  all(): Promise<Mount[]> {
    return this.#db.primary.selectFrom("places").select(["id", "path"]).orderBy("id").execute();
  }
}
