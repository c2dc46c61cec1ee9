/** One place that breaks a rule of the layout. */
export type Violation = {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  /** One sentence: what is wrong, and what to do instead where that is not plain. */
  readonly message: string;
};

/** Prints as `path:line  sentence  [rule]`, so that editors can jump to it. */
export function toText({ rule, path, line, message }: Violation): string {
  return `${path}:${line}  ${message}  [${rule}]`;
}
