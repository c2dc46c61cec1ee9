// Compared without case and without anything but letters and digits.
const samples = new Set([
  // The earlier system's own config.yaml, published with it.
  "s3curek3y2024aisafety",
  "secret",
  "jwtsecret",
  "secretkey",
  "jwtsecretkey",
  "mysecretkey",
  "myjwtsecret",
  "thisisasecret",
  "thisisasecretkey",
  "thisisaverysecretkey",
  "verysecretkey",
  "averylongsecret",
  "keyboardcat",
  "correcthorsebatterystaple",
  "shhhhhhared",
  "woshimima",
  "yoursecretkey",
  "yourjwtsecret",
]);

// Nothing shorter than six letters: random text must not contain one of these by chance.
const placeholder =
  /change(?:me|this|it|before)|your(?:own|super|very|jwt|app|bit|\d)*(?:secret|key|password|token)|replace(?:me|this|with)|(?:put|insert|enter)(?:your|the)|placeholder|example|sample|supersecret|topsecret|notasecret|passwordpassword|secretsecret|random(?:string|bytes|secret)|donotuse/;

// Rows and runs that fill length without being random.
const runs = [
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890123456789",
  "0123456789abcdef0123456789abcdef",
  "qwertyuiopasdfghjklzxcvbnm",
  "1234567890qwertyuiop",
  "deadbeef".repeat(4),
  "cafebabe".repeat(4),
];

const bytesMin = 16;
// Sixteen random hexadecimal digits reach about 52.
const entropyBitsMin = 40;

/** How to mend a secret that was refused. */
export const secretAdvice =
  "leave it out and the server makes one and keeps it in its data folder, or make one with: openssl rand -base64 48";

/** Says what is wrong with a secret that others could guess, as the end of a sentence; undefined for a good one. */
export function findSecretWeakness(secret: string): string | undefined {
  const bare = secret.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  if (samples.has(bare) || placeholder.test(bare)) return "is a sample that everyone knows";
  if (Buffer.byteLength(secret) < bytesMin) return `is shorter than ${bytesMin} bytes`;
  if (isRepetition(secret)) return "repeats a few characters";
  if (isRun(bare)) return "is a run of neighbouring characters";
  if (entropyBits(secret) < entropyBitsMin) return "is too regular to be random";
  return undefined;
}

/** The sample that the earlier system published in its own configuration file. */
export function isPublishedSample(secret: string): boolean {
  return secret === "S3cureK3y#2024!AIsafety";
}

function isRepetition(secret: string): boolean {
  for (let period = 1; period <= 8; period++) {
    if (secret.slice(period) === secret.slice(0, -period)) return true;
  }
  return false;
}

function isRun(bare: string): boolean {
  const backwards = [...bare].toReversed().join("");
  return (
    bare !== "" &&
    runs.some((run) => (run + run + run).includes(bare) || (run + run + run).includes(backwards))
  );
}

/** Shannon's estimate over the characters: what their own frequencies leave open. */
function entropyBits(secret: string): number {
  const counts = new Map<string, number>();
  for (const character of secret) counts.set(character, (counts.get(character) ?? 0) + 1);
  const total = [...secret].length;
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / total);
  return bits;
}
