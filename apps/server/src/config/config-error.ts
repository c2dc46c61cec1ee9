/** One mistake of a configuration: where it stands, and what was expected there. */
export type ConfigProblem = {
  /** The dotted path of the key (`upstreams[1].endpoint`), the environment variable, or the flag. */
  readonly path: string;
  /** One sentence, free of secrets. */
  readonly message: string;
};

/** Something about the configuration that the log says once at start. */
export type ConfigNotice = {
  readonly path: string;
  readonly message: string;
  /** `warn` where the server does less, or something else, than the key asks for. */
  readonly level: "info" | "warn";
};

/** Adds a notice; `info` unless it says otherwise. */
export type AddNotice = (path: string, message: string, level?: ConfigNotice["level"]) => void;

/** The exit code of a process that its configuration keeps from starting: `EX_CONFIG` of sysexits.h. */
export const configErrorExitCode = 78;

/** A configuration that cannot be used. Its message holds one line for each mistake, to be printed as it is. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly exitCode = configErrorExitCode;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], source?: string) {
    const lines = problems.map(({ path, message }) => `${path}: ${message}`);
    const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
    super(
      source === undefined
        ? lines.join("\n")
        : [`${source}: ${count}`, ...lines.map((line) => `  ${line}`)].join("\n"),
    );
    this.problems = problems;
  }
}
