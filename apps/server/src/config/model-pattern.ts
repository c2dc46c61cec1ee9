/** Tells whether a list of denied models leaves this one over; `*` in the list stands for any run of characters. */
export function isAllowed(model: string, denied: readonly string[]): boolean {
  return !denied.some((pattern) => isMatch(model, pattern));
}

function isMatch(model: string, pattern: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return model === pattern;
  if (!model.startsWith(head)) return false;
  const tail = rest.pop() ?? "";
  let position = head.length;
  for (const part of rest) {
    const found = model.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return model.length - tail.length >= position && model.endsWith(tail);
}
