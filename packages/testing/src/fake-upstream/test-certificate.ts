import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A self-signed certificate and its key, as PEM. */
export type TestCertificate = { readonly name: string; readonly cert: string; readonly key: string };

const run = promisify(execFile);

/** Makes a certificate for one host name; undefined where there is no `openssl` to make it with. */
export async function createTestCertificate(name: string): Promise<TestCertificate | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "certificate-"));
  const [certPath, keyPath] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-days", "2"];
  try {
    await run("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", keyPath, "-out", certPath]);
    return { name, cert: await readFile(certPath, "utf8"), key: await readFile(keyPath, "utf8") };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}
