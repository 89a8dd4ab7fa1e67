/** A file that cannot become a job (contract 6); the message is a sentence that says why. */
export class UnusableFile extends Error {
  override name = 'UnusableFile'
}
