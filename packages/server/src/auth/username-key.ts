/**
 * The form in which user names are compared: one account for `Bob`, `bob` and the full-width `ｂｏｂ`.
 *
 * @source https://www.unicode.org/reports/tr15/ (NFKC)
 */
export function toUsernameKey(username: string): string {
  return username.normalize("NFKC").toLowerCase().normalize("NFKC");
}
