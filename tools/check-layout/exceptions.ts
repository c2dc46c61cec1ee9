/** A place that may break one rule. */
export type Exception = {
  readonly rule: string;
  readonly path: string;
  /** Why no better way was found. */
  readonly reason: string;
};

/** All exceptions from the rules of the layout. One that excuses nothing any more is reported. */
export const exceptions: readonly Exception[] = [];
