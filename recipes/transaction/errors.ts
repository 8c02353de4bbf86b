/** There is nothing written about the transaction: it was never begun, or has ended everywhere and was removed. */
export class OutcomeUnknownError extends Error {
  readonly code = 'OutcomeUnknown';
  readonly id: string;

  constructor(directory: string, id: string) {
    super(
      `transaction ${id} in ${directory}: nothing is written about it; ask its participants [OutcomeUnknown]`,
    );
    this.name = 'OutcomeUnknownError';
    this.id = id;
  }
}
