/** A withdrawal, known by the command that asked for it. */
export interface Withdrawal {
  readonly commandId: string;
  readonly runId: string;
  readonly accountId: string;
  readonly amountMinor: number;
}
