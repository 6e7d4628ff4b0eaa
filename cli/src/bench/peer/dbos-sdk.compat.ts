/** The package of DBOS, as far as it is used. It is a development dependency of the benchmark alone, so it may be absent. */
import { cliError } from "../../errors.ts";

const PACKAGE = "@dbos-inc/dbos-sdk";

type Log = (entry: unknown) => void;

export interface DbosSdk {
  readonly DBOS: {
    setConfig(config: {
      readonly name: string;
      readonly systemDatabaseUrl: string;
      readonly systemDatabasePoolSize: number;
      readonly logger: { readonly debug: Log; readonly info: Log; readonly warn: Log; readonly error: Log };
    }): void;
    registerWorkflow<Args extends unknown[], Answer>(
      flow: (...args: Args) => Promise<Answer>,
      config: { readonly name: string },
    ): (...args: Args) => Promise<Answer>;
    runStep<Answer>(step: () => Promise<Answer>, config: { readonly name: string }): Promise<Answer>;
    startWorkflow<Args extends unknown[], Answer>(
      flow: (...args: Args) => Promise<Answer>,
    ): (...args: Args) => Promise<{ getResult(): Promise<Answer> }>;
    launch(): Promise<void>;
    shutdown(): Promise<void>;
  };
}

/** The package itself, in the process that is measured. */
export async function loadDbos(): Promise<DbosSdk> {
  return (await import(PACKAGE)) as DbosSdk;
}

/** @throws CLI_BAD_ARGUMENT (invalid) when the package is not installed */
export function requireDbos(name = PACKAGE): void {
  try {
    import.meta.resolve(name);
  } catch (error) {
    throw cliError(
      "CLI_BAD_ARGUMENT",
      `--against dbos needs the package ${name}, which is not installed; it is a development dependency of the command line: install those as well`,
      { cause: error },
    );
  }
}
