import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runQuietly } from "./child.mjs";

const stamp = join(root, "node_modules/.installed");
const record = join(root, "node_modules/.modules.yaml");
/** What npm and pnpm say when they cannot reach a registry. */
const networkError =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b|client error \(Connect\)|dns error/;

/** Gives up on a dead network sooner than the 70 s that both take by themselves; who has set these keeps them. */
const patience = {
  npm_config_fetch_retries: "3",
  npm_config_fetch_retry_mintimeout: "1000",
  npm_config_fetch_retry_factor: "3",
  pnpm_config_fetch_retries: "4",
  pnpm_config_fetch_retry_mintimeout: "1000",
  pnpm_config_fetch_retry_factor: "3",
};

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
  const { code, output } = await runQuietly("npx", args, {
    env: { ...patience, ...env },
    onOutput: announceRetries(),
  });
  if (code === 0) {
    writeFileSync(stamp, readState().fingerprint);
    return;
  }
  if (networkError.test(output)) {
    console.error(`npm ${task} cannot reach the npm registry, from which it installs the dependencies once.`);
  } else {
    console.error(output.trimEnd());
    console.error("The dependencies could not be installed.");
  }
  process.exit(1);
}

/** Says once that there is something to wait for. */
function announceRetries() {
  let isAnnounced = false;
  return (chunk) => {
    if (isAnnounced || !networkError.test(chunk)) return;
    isAnnounced = true;
    console.error("The npm registry does not answer; trying again …");
  };
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
