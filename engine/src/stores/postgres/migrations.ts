/** Where the engine's migrations are: a folder of numbered files, for whoever applies them before the store is opened. */
export const postgresMigrations: { readonly room: "engine"; readonly directory: URL } = {
  room: "engine",
  directory: new URL("./migrations/", import.meta.url),
};
