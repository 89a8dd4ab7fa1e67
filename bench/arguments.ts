import { InvalidArgumentError } from 'commander'

/** Reads a command's whole number, at least 1. @throws InvalidArgumentError, which commander shows */
export function wholeNumber(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= 1 && number <= Number.MAX_SAFE_INTEGER)) {
    throw new InvalidArgumentError('It takes a whole number of at least 1.')
  }
  return number
}

/** Reads several of them, separated by commas: `50000,1000000`. @throws InvalidArgumentError */
export const wholeNumbers = (text: string): number[] => text.split(',').map(wholeNumber)
