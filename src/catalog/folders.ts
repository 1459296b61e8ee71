import type { CatalogDatabase } from "./database.ts";

/** The identities of folders that belong to the catalog, by which they are known again. */
export class Folders {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /** The identity of a folder by its name; undefined before it has one. */
  async identityOf(name: string): Promise<string | undefined> {
    const row = await this.#db.primary
      .selectFrom("folders")
      .select("identity")
      .where("name", "=", name)
      .executeTakeFirst();
    return row?.identity;
  }

  /** Gives a folder an identity unless it has one. @returns the one it has then */
  async remember(name: string, identity: string): Promise<string> {
    const { primary } = this.#db;
    const insert = primary
      .insertInto("folders")
      .values({ name, identity })
      .onConflict((conflict) => conflict.doNothing());
    const known = primary.selectFrom("folders").select("identity").where("name", "=", name);
    const [, [row]] = await this.#db.batch([insert.compile(), known.compile()]);
    if (row === undefined) throw new Error(`the folder ${name} was given no identity`);
    return row.identity;
  }
}
