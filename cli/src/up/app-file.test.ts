import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { loadApp, schemaOf } from "./app-file.ts";

const APP = `export const app = { name: "letters", flows: [{}], open: async () => ({ participants: [] }) };`;

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-cli-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

describe("an app file", () => {
  it("is the one that was named, or app.ts or src/app.ts of the folder", async (t) => {
    const named = await folderWith(t, { "letters.mjs": APP });
    assert.equal((await loadApp("letters.mjs", named)).name, "letters");
    for (const name of ["app.ts", "src/app.ts", "src/app.js"]) {
      const folder = await folderWith(t, { [name]: APP, "package.json": '{"type":"module"}' });
      assert.equal((await loadApp(undefined, folder)).name, "letters", name);
    }
  });

  it("gives its tables a schema in snake_case", () => {
    assert.equal(schemaOf({ name: "ticket-shop" }), "ticket_shop");
  });

  it("that is missing is refused with where it was looked for", async (t) => {
    const folder = await folderWith(t, {});
    await assert.rejects(loadApp("app.ts", folder), {
      code: "CLI_BAD_APP",
      message: `there is no file ${folder}/app.ts, expected a module that exports \`app\``,
    });
    await assert.rejects(loadApp(undefined, folder), {
      code: "CLI_BAD_APP",
      message:
        /^no APP was named and .* has none of app\.ts, src\/app\.ts, app\.js, src\/app\.js; name the file of your app$/,
    });
  });

  it("that cannot be loaded is refused with the place of the fault", async (t) => {
    const folder = await folderWith(t, {
      "syntax.ts": "export const app = {;",
      "throws.mjs": "export const a = 1;\nthrow new Error('no such queue');",
      "import.mjs": 'import "./nowhere.mjs";',
    });
    const refused = (message: RegExp) => ({ code: "CLI_BAD_APP", message });
    await assert.rejects(
      loadApp("syntax.ts", folder),
      refused(/cannot be loaded: Unexpected token `;`.* \(.*syntax\.ts:1\)$/),
    );
    await assert.rejects(
      loadApp("throws.mjs", folder),
      refused(/cannot be loaded: no such queue \(.*throws\.mjs:2:7\)$/),
    );
    await assert.rejects(
      loadApp("import.mjs", folder),
      refused(/cannot be loaded: Cannot find module .*nowhere\.mjs/),
    );
  });

  it("that exports something else is refused with what was found and expected", async (t) => {
    const faults = {
      "export const shop = 1, cart = 2;": /exports cart, shop, expected a value `app`/,
      "": /exports nothing, expected a value `app`/,
      "export const app = 5;": /app\.name is undefined, expected a name in kebab-case/,
      [APP.replace("letters", "Letters_1")]:
        /app\.name is "Letters_1", expected a name in kebab-case such as ticket-shop/,
      [APP.replace("letters", "sluice")]: /app\.name is "sluice", whose schema sluice is taken/,
      [APP.replace("[{}]", "[]")]: /app\.flows is an empty list, expected a list of at least one flow/,
      [APP.replace("[{}]", "{}")]: /app\.flows is an object, expected a list/,
      [APP.replace("open:", "migrations: 5, open:")]:
        /app\.migrations is 5, expected the URL or the path of a folder/,
      [APP.replace("open:", "opens:")]: /app\.open is undefined, expected a function/,
    };
    for (const [text, message] of Object.entries(faults)) {
      const folder = await folderWith(t, { "app.mjs": text });
      await assert.rejects(loadApp("app.mjs", folder), { code: "CLI_BAD_APP", kind: "invalid", message });
    }
  });
});
