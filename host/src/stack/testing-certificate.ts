/** A certificate for a server on loopback, made for one test. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { testFolder } from "../postgres/testing-folder.ts";

export interface TestCertificate {
  /** PEM; its own authority, for 127.0.0.1 and localhost. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** Why none can be made here, in one line; `false`: it can. */
export function whyNoCertificate(): string | false {
  const { error } = spawnSync("openssl", ["version"]);
  return error === undefined ? false : "there is no openssl here to make a certificate with; install openssl";
}

const OPENSSL_MS = 30_000;

export async function testCertificate(): Promise<TestCertificate> {
  const folder = await mkdtemp(join(testFolder(), "sluice-certificate-"));
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  try {
    await promisify(execFile)("openssl", [...request, ...names, "-keyout", key, "-out", certificate], {
      timeout: OPENSSL_MS,
    });
    return { certificate: await readFile(certificate, "utf8"), key: await readFile(key, "utf8") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
