import type { Operation, OperationInput } from "../../core/inputs.ts";

/** An operation as its operator remembers it, with every answer to it. */
export interface OperationRecord {
  readonly input: OperationInput;
  /** What an answer said was stored; a version is null while the operation is only accepted. */
  readonly answers: { readonly outcome: "applied" | "accepted"; readonly version: number | null }[];
  refusal: string | null;
  /** An attempt may have taken effect without the operator's knowledge. */
  isMaybe: boolean;
}

/** What operators know at the end; the checks hold the database to it. */
export class OperatorLedger {
  readonly records: OperationRecord[] = [];

  open(runId: string, id: string, operation: Operation): OperationRecord {
    const by = `operator ${id}`;
    // Not all of them say why.
    const reason = this.records.length % 3 === 0 ? null : `because ${operation.type} was due`;
    const record: OperationRecord = {
      input: { kind: "operation", runId, id, operation, by, reason },
      answers: [],
      refusal: null,
      isMaybe: false,
    };
    this.records.push(record);
    return record;
  }
}
