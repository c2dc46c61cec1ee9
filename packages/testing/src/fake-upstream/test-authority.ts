import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestCertificate } from "./test-certificate.ts";

/** An authority that signs certificates, for clients that trust it. */
export type TestAuthority = AsyncDisposable & {
  /** Its certificate as a PEM file; it goes with the authority. */
  readonly file: string;
  /** Signs a certificate for a host name; an expired one was good until yesterday. */
  issue(name: string, options?: { readonly isExpired?: boolean }): Promise<TestCertificate>;
};

const run = promisify(execFile);
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes an authority; undefined where there is no `openssl` to make it with. */
export async function createTestAuthority(): Promise<TestAuthority | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "authority-"));
  const at = (name: string) => join(folder, name);
  const self = ["-subj", "/CN=authority of the tests", "-days", "2", "-keyout", at("ca.key")];
  try {
    await run("openssl", ["req", "-x509", ...newKey, ...self, "-out", at("ca.pem")]);
  } catch (error) {
    await rm(folder, { recursive: true });
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  let issued = 0;
  return {
    file: at("ca.pem"),
    async issue(name, { isExpired = false } = {}) {
      const [key, request, cert] = ["key", "csr", "pem"].map((end) => at(`${++issued}.${end}`));
      const paths = { key: key ?? "", request: request ?? "", cert: cert ?? "" };
      const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
      await run("openssl", [
        "req",
        "-new",
        ...newKey,
        ...subject,
        "-keyout",
        paths.key,
        "-out",
        paths.request,
      ]);
      const signer = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"];
      const term = ["-days", isExpired ? "-1" : "2", "-copy_extensions", "copy"];
      await run("openssl", ["x509", "-req", "-in", paths.request, ...signer, ...term, "-out", paths.cert]);
      return { name, cert: await readFile(paths.cert, "utf8"), key: await readFile(paths.key, "utf8") };
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true });
    },
  };
}
