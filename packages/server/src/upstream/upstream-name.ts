/** The name, or the first of `name-2`, `name-3`, … that is not taken. */
export function toFreeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}-${count}`;
  return free;
}

/** What an upstream is called that was given no name: the host that its endpoint is at. */
export function toDefaultName(endpoint: string): string {
  return URL.parse(endpoint)?.host ?? "upstream";
}
