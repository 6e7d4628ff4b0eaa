/** Where the inbox's migrations are: for `migrate` of the host, or any other that runs numbered files once, in the schema of the inbox. */
export const postgresInboxMigrations: { readonly room: "inbox"; readonly directory: URL } = {
  room: "inbox",
  directory: new URL("./migrations/", import.meta.url),
};
