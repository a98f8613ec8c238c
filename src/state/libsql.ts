/** The part of libsql's interface that is used here: that of better-sqlite3. */
export type Statement = {
  run(...values: readonly (string | number)[]): { readonly changes: number };
  get(...values: readonly (string | number)[]): unknown;
  all(...values: readonly (string | number)[]): readonly unknown[];
};

export type Database = {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
};
