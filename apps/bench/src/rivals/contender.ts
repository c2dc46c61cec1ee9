/** Something that stands between the reader and the upstream, and is measured. */
export type Contender = AsyncDisposable & {
  readonly name: string;
  /** The process that does the work; what it has started counts, too. */
  readonly pid: number;
  readonly port: number;
  /** What requests to it carry beside what every request does. */
  readonly headers: Readonly<Record<string, string>>;
};
