import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { text } from "node:stream/consumers";
import { sluice } from "../fixtures/terminal.ts";

const SOUND = `name: letter
version: 1
events: { Sent: { type: object } }
initial: written
states:
  written:
    on: { Sent: sent }
  sent: { final: sent }
`;
const FAULTY = SOUND.replace("on: { Sent: sent }", "on: { Sent: snet }");

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-cli-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe("sluice check", () => {
  it("names the flows of sound files, in data and in code", async (t) => {
    const directory = await folderWith(t, { "letter.yaml": SOUND });
    const parcel = join(import.meta.dirname, "../fixtures/parcels/parcel.flow.ts");
    const { exitCode, stdout } = await sluice(["check", "letter.yaml", parcel], { directory });
    assert.equal(exitCode, 0);
    const told =
      /^letter\.yaml: ok {2}letter@1\n.*parcel\.flow\.ts: ok {2}parcel@1\n2 files: 0 errors, 0 warnings\n$/;
    assert.match(stdout, told);
  });

  it("checks the flows that an app serves, each where it was written, and its child flows against them", async (t) => {
    const child = { name: "letter", version: 1, events: { Sent: { type: "object" } }, initial: "written" };
    const states = { written: { on: { Sent: "snet" } }, sent: { final: "sent" } };
    const parent = {
      name: "order",
      version: 1,
      events: { Told: { type: "object" } },
      commands: { Tell: { flow: "nothing", outcomes: { sent: "Told" } } },
      initial: "telling",
      states: {
        telling: { send: { Tell: "data" }, on: { Told: "done", commandFailed: "done" } },
        done: { final: "done" },
      },
    };
    const directory = await folderWith(t, {
      "flows.mjs": `import { defineFlow } from ${JSON.stringify(import.meta.resolve("@sluice/engine/definition"))};
export const letter = defineFlow(${JSON.stringify({ ...child, states })});
export const order = defineFlow(${JSON.stringify(parent)});
`,
      "app.mjs": `import { letter, order } from "./flows.mjs";
export const app = { name: "post", flows: [letter, order], open: async () => ({ participants: [] }) };
`,
    });
    const { exitCode, stdout } = await sluice(["check", "app.mjs"], { directory });
    assert.equal(exitCode, 1);
    assert.match(stdout, /^flows\.mjs:2:\d+ {2}error {2}.*"snet".* {2}unknown-target$/m);
    assert.match(
      stdout,
      /^flows\.mjs:3:\d+ {2}warning {2}command Tell starts flow "nothing".* {2}unknown-flow$/m,
    );
    assert.match(stdout, /^app\.mjs: ok {2}order@1\n1 file: \d errors?, \d warnings?\n$/m);
  });

  it("tells each fault with its place, its state and what to do", async (t) => {
    const directory = await folderWith(t, { "letter.yaml": FAULTY });
    const { exitCode, stdout } = await sluice(["check", "letter.yaml"], { directory });
    assert.equal(exitCode, 1);
    const fault =
      /^letter\.yaml:7:\d+ {2}error {2}state written goes to "snet", expected .*did you mean "sent"\? {2}unknown-target$/m;
    assert.match(stdout, fault);
  });

  it("ends as wrongly used when a file is missing or no file, and checks the others all the same", async (t) => {
    const directory = await folderWith(t, { "faulty.yaml": FAULTY, "sound.yaml": SOUND });
    for (const file of ["missing.yaml", "missing.ts", "."]) {
      const { exitCode, stdout } = await sluice(["check", file, "sound.yaml"], { directory });
      assert.equal(exitCode, 2, file);
      assert.ok(stdout.startsWith(`${file}  error  cannot be read (`), stdout);
      assert.match(stdout, /^sound\.yaml: ok/m);
    }
    const { exitCode, stdout } = await sluice(["check", "faulty.yaml", "missing.yaml", "--json"], {
      directory,
    });
    assert.equal(exitCode, 2);
    const { files } = JSON.parse(stdout);
    assert.equal(files[0].findings[0].code, "unknown-target");
    assert.equal(files[1].findings[0].code, "CLI_BAD_ARGUMENT");
  });

  it("checks every file it is given, also after one that holds no flow", async (t) => {
    const directory = await folderWith(t, {
      "broken.yaml": "states: [",
      "letter.yaml": SOUND,
      "notes.txt": "",
    });
    const { exitCode, stdout } = await sluice(["check", "broken.yaml", "notes.txt", "letter.yaml"], {
      directory,
    });
    assert.equal(exitCode, 1);
    assert.match(stdout, /^broken\.yaml:1:\d+ {2}error /m);
    assert.match(stdout, /^notes\.txt {2}error .*is no flow file/m);
    assert.match(stdout, /^letter\.yaml: ok/m);
  });

  it("holds child flows against the flows of all files", async (t) => {
    const parent = `name: order
version: 1
events: { Told: { type: object } }
commands:
  Tell: { flow: letter, outcomes: { snet: Told } }
initial: telling
states:
  telling:
    send: { Tell: data }
    on: { Told: done, commandFailed: done }
  done: { final: done }
`;
    const directory = await folderWith(t, { "letter.yaml": SOUND, "order.yaml": parent });
    const alone = await sluice(["check", "order.yaml"], { directory });
    assert.equal(alone.stdout, "order.yaml: ok  order@1\n");
    const { exitCode, stdout } = await sluice(["check", "order.yaml", "letter.yaml"], { directory });
    assert.equal(exitCode, 0);
    const warning =
      /^order\.yaml:5:\d+ {2}warning {2}command Tell names the outcome "snet", .*: sent, canceled; did you mean "sent"\? {2}unknown-outcome$/m;
    assert.match(stdout, warning);
  });

  it("prints the same as JSON", async (t) => {
    const directory = await folderWith(t, { "faulty.yaml": FAULTY, "sound.yaml": SOUND });
    const { exitCode, stdout } = await sluice(["check", "faulty.yaml", "sound.yaml", "--json"], {
      directory,
    });
    assert.equal(exitCode, 1);
    const { errors, files } = JSON.parse(stdout);
    assert.equal(errors, files[0].findings.length);
    const { severity, state, pointer, file, line, code } = files[0].findings[0];
    assert.deepEqual(
      { severity, state, pointer, file, line, code },
      {
        severity: "error",
        state: "written",
        pointer: "/states/written/on/Sent",
        file: "faulty.yaml",
        line: 7,
        code: "unknown-target",
      },
    );
    assert.deepEqual(files[1], { file: "sound.yaml", flows: ["letter@1"], findings: [] });
  });

  it("fails and names the file when its code ends the process, or waits for ever", async (t) => {
    const files = { "exit.ts": "process.exit(0);\n", "wait.ts": "await new Promise(() => {});\n" };
    const directory = await folderWith(t, { ...files, "faulty.yaml": FAULTY });
    for (const file of Object.keys(files)) {
      const main = join(import.meta.dirname, "../main.ts");
      const child = spawn(process.execPath, [main, "check", "faulty.yaml", file], { cwd: directory });
      const stderr = text(child.stderr);
      const [code] = (await once(child, "close")) as [number | null];
      assert.equal(code, 1, file);
      assert.match(await stderr, new RegExp(`^sluice: nothing was checked: .*${file}`, "m"));
    }
  });
});
