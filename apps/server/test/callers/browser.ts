/** Where a machine that has a browser keeps it. */
export const browserPath = "/usr/bin/chromium";

/** Whoever runs tests may be root, and memory that is shared may be small. */
export const browserArguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] as const;

/** Why a test does not run where there is no browser. */
export const noBrowser = "there is no /usr/bin/chromium on this machine";
