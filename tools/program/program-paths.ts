import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the workspace. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Where the program lies: as deep as what it is made of, so that what is found from there is found from here. */
export const programFolder = join(root, "apps/server/program");
