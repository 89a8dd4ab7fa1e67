/**
 * Why the service cannot start, for the person who starts it: what is wrong and the remedy, in whole
 * sentences. Shown without a stack.
 */
export class StartError extends Error {
  override name = 'StartError'
}
