import { engineError } from "../../core/errors.ts";

export interface PostgresInboxOptions {
  /** Where its table is, made by its migrations. @default "sluice_inbox" */
  readonly schema?: string;
  /**
   * How long an answer is kept, in days. Afterwards a repeat of its command would be carried out again, so it is longer than any repeat can
   * take: the retries of a state, the retention of the broker, and the time until somebody looks after a dead letter. @default 30
   */
  readonly keptDays?: number;
}

export type ResolvedPostgresInboxOptions = Readonly<Required<PostgresInboxOptions>>;

const SCHEMA_DEFAULT = "sluice_inbox";
/** As Postgres takes it without quotes, at most 63 bytes. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const KEPT_DAYS_DEFAULT = 30;
const KEPT_DAYS_MAX = 3_650;

/** @throws FLOW_BAD_OPTION (invalid) naming the option, what was found and what was expected */
export function resolvePostgresInboxOptions(
  options: PostgresInboxOptions = {},
): ResolvedPostgresInboxOptions {
  const { schema = SCHEMA_DEFAULT, keptDays = KEPT_DAYS_DEFAULT } = options;
  if (!SCHEMA.test(schema))
    throw badOption(`schema is ${JSON.stringify(schema)}, expected a name such as ${SCHEMA_DEFAULT}`);
  if (!Number.isInteger(keptDays) || keptDays < 1 || keptDays > KEPT_DAYS_MAX)
    throw badOption(`keptDays is ${keptDays}, expected a whole number from 1 to ${KEPT_DAYS_MAX}`);
  return Object.freeze({ schema, keptDays });
}

function badOption(message: string): Error {
  return engineError("FLOW_BAD_OPTION", `postgres inbox: ${message}`);
}
