// Compared without case, hyphens and underscores.
const names = new Set([
  "adminauthorization",
  "authorization",
  "cookie",
  "credential",
  "credentials",
  "dbaddr",
  // Whoever knows these URLs can post there.
  "feishuwebhook",
  "key",
  "keys",
  "masterkey",
  "matrixapi",
  "passphrase",
  "passwd",
  "proxyauthorization",
  "setcookie",
  "sk",
  "webhook",
]);
const endings = /(password|secret|apikey|privatekey|providerkey)s?$|token$/;

/** Tells whether a field of this name holds a secret, however it is written: `apiKey`, `api_key`, `x-api-key`. */
export function isSecretName(name: string): boolean {
  const bare = name.toLowerCase().replaceAll(/[-_]/g, "");
  return names.has(bare) || endings.test(bare);
}
