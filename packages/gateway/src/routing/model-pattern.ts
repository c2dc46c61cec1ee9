/** Tells whether a model's name fits a pattern in which `*` stands for any run of characters. */
export function matchesPattern(pattern: string, model: string): boolean {
  let at = 0;
  let inModel = 0;
  let star = -1;
  let starAt = 0;
  // Two pointers and one way back, to the last star: patterns with many stars stay linear, unlike as a regular expression.
  while (inModel < model.length) {
    if (pattern[at] === "*") {
      star = at++;
      starAt = inModel;
    } else if (at < pattern.length && pattern[at] === model[inModel]) {
      at++;
      inModel++;
    } else if (star !== -1) {
      at = star + 1;
      inModel = ++starAt;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
