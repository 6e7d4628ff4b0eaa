import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import type { Machine, Progress } from "../server-adapter.ts";
import { findJarFault, readManifest } from "./manifest.ts";
import { pomText } from "./pom.ts";
import { findKafka, installKafka } from "./programs.ts";
import { KAFKA_VERSION, LOG4J_VERSION } from "./version.ts";

const JAVA_17 = 'echo "openjdk version \\"17.0.1\\" 2021-10-19" >&2';

interface FakeMachine {
  readonly machine: Machine;
  readonly progress: Progress;
  readonly said: readonly string[];
}

/** A machine with these programs, each a shell script, and with the shell's own. */
async function machineWith(t: TestContext, programs: Readonly<Record<string, string>>): Promise<FakeMachine> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-kafka-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const cacheDirectory = join(folder, "cache");
  await mkdir(cacheDirectory);
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  return {
    machine: { programFolders: [bin], cacheDirectory },
    progress: { say, show: say, signal: new AbortController().signal },
    said,
  };
}

async function missingOn({ machine }: FakeMachine): Promise<string> {
  const finding = await findKafka(machine);
  assert.ok("missing" in finding);
  return `${finding.missing.found}; ${finding.missing.remedy}`;
}

test("says which Java Kafka needs, and how to get it", async (t) => {
  assert.match(
    await missingOn(await machineWith(t, {})),
    /^there is no java, expected Java 17 or newer; install it \(Debian and Ubuntu: apt-get install default-jre-headless;/,
  );
  const java8 = await machineWith(t, { java: 'echo "java version \\"1.8.0_392\\"" >&2' });
  assert.match(await missingOn(java8), /java is Java 1\.8\.0_392, expected Java 17 or newer/);
  const broken = await machineWith(t, { java: "exit 1" });
  assert.match(await missingOn(broken), /does not tell its version/);
});

test("says how Kafka is installed where only Java is", async (t) => {
  const message = await missingOn(await machineWith(t, { java: JAVA_17 }));
  assert.match(
    message,
    /^Kafka 4\.1\.0 is not installed \(there is no folder .*\); run `sluice stack install kafka`/,
  );
});

test("installs no Maven where it may not, and says what to do", async (t) => {
  const { machine, progress } = await machineWith(t, { java: JAVA_17 });
  await assert.rejects(installKafka(machine, progress), (error) => {
    assert.ok(hasCode(error, "HOST_SERVER_MISSING"));
    assert.match(String(error), /maven is missing and there is no apt-get; install it/);
    return true;
  });
});

test("tells Maven's last words when it fails, and leaves nothing half installed", async (t) => {
  const { machine, progress } = await machineWith(t, {
    java: JAVA_17,
    mvn: 'echo "[ERROR] the network is unreachable"; exit 1',
  });
  await assert.rejects(installKafka(machine, progress), (error) => {
    assert.ok(hasCode(error, "HOST_SERVER_INSTALL_FAILED"));
    assert.match(
      String(error),
      /mvn ended with 1, expected 0; its last lines:\n\[ERROR\] the network is unreachable/,
    );
    return true;
  });
  assert.deepEqual(await readdir(machine.cacheDirectory), []);
});

test("takes no jar that is not the one that was tested", async (t) => {
  const download = "for word; do case $word in -DoutputDirectory=*) folder=${word#*=};; esac; done";
  const [first] = await readManifest();
  const { machine, progress, said } = await machineWith(t, {
    java: JAVA_17,
    mvn: `${download}; echo forged > "$folder/${first?.name}"; echo "Downloaded from x: y/${first?.name} (1 B)"`,
  });
  await assert.rejects(installKafka(machine, progress), (error) => {
    assert.ok(hasCode(error, "HOST_SERVER_INSTALL_FAILED"));
    assert.match(
      String(error),
      new RegExp(`what Maven downloaded is not Kafka .*: ${first?.name} is not the one that was tested`),
    );
    return true;
  });
  assert.deepEqual(await readdir(machine.cacheDirectory), []);
  assert.ok(said.includes(`${first?.name} (1 of 46)`), "the progress counts what has come");
});

test("finds a jar too many, and one that is missing", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-jars-"));
  t.after(() => rm(folder, { recursive: true }));
  const jars = [{ name: "a.jar", sha256: "?" }];
  assert.equal(await findJarFault(folder, jars), "a.jar is missing");
  await writeFile(join(folder, "b.jar"), "");
  assert.equal(await findJarFault(folder, jars), "b.jar does not belong there");
});

test("asks Maven for the release that the list of jars is of", async () => {
  const names = (await readManifest()).map(({ name }) => name);
  for (const name of [`kafka_2.13-${KAFKA_VERSION}.jar`, `log4j-slf4j-impl-${LOG4J_VERSION}.jar`])
    assert.ok(names.includes(name), name);
  assert.match(
    pomText(),
    new RegExp(`<artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version>`),
  );
});
