/** An upload that was interrupted after the whole file had been sent: the import may have been created. */
export class MayBeReceived extends Error {
  override name = 'MayBeReceived'
}

/** What to do about an upload of which it is unknown whether it was received. */
export const mayBeReceived = (externalRef: string | undefined): string =>
  `The whole file had been sent, so the import may have been created. ${
    externalRef === undefined
      ? 'Look at the list of imports before you run this again; with --external-ref, nothing is imported twice.'
      : 'Run this again: because of the --external-ref, nothing is imported twice.'
  }`
