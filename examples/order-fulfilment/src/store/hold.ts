/** Units set aside for a line of an order, known by the command that asked for them. */
export interface Hold {
  readonly commandId: string;
  readonly runId: string;
  readonly orderId: string;
  readonly sku: string;
  readonly units: number;
}
