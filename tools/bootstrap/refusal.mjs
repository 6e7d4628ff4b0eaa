/** An end of the bootstrap that needs no stack: the message says what was found, what was expected and what to do. */
export class Refusal extends Error {
  /** @param {string} message @param {number} [exitCode] 1: it cannot go on; 2: it was asked wrongly; 128 + n: signal n. */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
