import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runQuietly } from "./child.mjs";

const stamp = join(root, "node_modules/.installed");
const record = join(root, "node_modules/.modules.yaml");
const networkErrors =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ERR_PNPM_META_FETCH_FAIL)\b/;

/** Installs exactly what the lockfile says, unless that is what is there. Failing, it ends this process. */
export async function install(task) {
  const state = readState();
  if (state.isComplete && readFile(stamp) === state.fingerprint) return;
  console.error("Installing the dependencies …");
  const { packageManager } = JSON.parse(readFile(join(root, "package.json")));
  const args = [
    "--yes",
    packageManager,
    "install",
    "--frozen-lockfile",
    "--config.confirm-modules-purge=false",
  ];
  // Under NODE_ENV=production pnpm would leave out the compiler that builds the server.
  const { NODE_ENV: _, ...env } = process.env;
  const { code, output } = await runQuietly("npx", args, env);
  if (code === 0) {
    writeFileSync(stamp, readState().fingerprint);
    return;
  }
  if (networkErrors.test(output)) {
    console.error(`npm ${task} cannot reach the npm registry, from which it installs the dependencies once.`);
  } else {
    console.error(output.trimEnd());
    console.error("The dependencies could not be installed.");
  }
  process.exit(1);
}

/** Changes whenever another install could have another outcome, or when somebody else has installed meanwhile. */
function readState() {
  const folders = ["packages", "apps"].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => join(root, parent, name)),
  );
  const members = folders.filter((folder) => existsSync(join(folder, "package.json")));
  const manifests = [root, ...members].map((folder) => join(folder, "package.json"));
  const files = [...manifests, join(root, "pnpm-lock.yaml"), join(root, "pnpm-workspace.yaml")];
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0${readFile(file)}\0`);
  hash.update(`${process.platform} ${process.arch} ${modifiedAt(record)}`);
  const hasDependencies = (folder) =>
    /"(d|devD|optionalD)ependencies"/.test(readFile(join(folder, "package.json")));
  return {
    fingerprint: hash.digest("hex"),
    isComplete: [root, ...members].every(
      (folder) => !hasDependencies(folder) || existsSync(join(folder, "node_modules")),
    ),
  };
}

function readFile(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function modifiedAt(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}
