/** The entry of `npm run buy`: the process itself is crowd/main.ts, which is the one to read the environment. */
await import(new URL("crowd/main.ts", import.meta.url).href);
